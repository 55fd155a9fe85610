"""HTTP infrastructure that endpoints share: middleware, rate limits, CORS, languages, error responses."""
