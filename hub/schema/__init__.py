"""The GraphQL schema: a module or package for each part, and the modules that build parts and schemas."""
