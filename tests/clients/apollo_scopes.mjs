// A query of which one field needs a scope, as the public sends it with Apollo Client; prints one line of JSON.
// Argument: the endpoint.
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client/core";

const [uri] = process.argv.slice(2);
const query = gql`{ complaints(first: 1) { nodes { id ticket title text } } }`;
const asking = gql`
  query Shared($mayRead: Boolean!) { complaints(first: 1) { nodes { id ticket title text @include(if: $mayRead) } } }`;
const client = () => new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri }) });
const told = ({ data, error }) => ({
  tickets: data?.complaints?.nodes.length ?? null,
  text: data?.complaints?.nodes[0].text,
  codes: CombinedGraphQLErrors.is(error) ? error.errors.map((each) => each.extensions.code) : [],
});

const byDefault = await client().query({ query }).catch((error) => ({ error }));
const all = await client().query({ query, errorPolicy: "all" });
const reader = client();
const { data } = await reader.query({ query: gql`{ viewer { scopes } }` });
const mayRead = data.viewer.scopes.includes("complaints:read");
const included = await reader.query({ query: asking, variables: { mayRead } });
console.log(JSON.stringify({ byDefault: told(byDefault), all: told(all), mayRead, included: told(included) }));
