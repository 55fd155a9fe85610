// A service of another agency that joins the hub's graph: it adds service counters to `Agency` and inspections to
// `Complaint`, and accepts the hub's access tokens.
//
//   npm install @apollo/subgraph graphql jose
//   HUB_URL=http://127.0.0.1:8000 PORT=4100 node subgraph.mjs
import { createServer } from "node:http";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { execute, GraphQLError, parse, validate } from "graphql";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const { HUB_URL, PORT = "4100" } = process.env;
const MAX_BODY = 100_000;

// The keys and names of the hub's entities; what else they have is the hub's.
const schema = buildSubgraphSchema({
  // A field of another service's type is nullable: while this service is away, the rest of the type is shown.
  typeDefs: parse(`
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Agency @key(fields: "code") { code: String! counters: [Counter!] }
    type Complaint @key(fields: "ticket") { ticket: String! inspections: [Inspection!] }
    type Counter { address: String! opens: String! agency: Agency }
    "A visit of the place that a complaint is about."
    type Inspection { on: String! complaint: Complaint }
    type Query { counters: [Counter!]! }
    type Mutation { planInspection(ticket: String!, on: String!): Inspection! }
  `),
  resolvers: {
    Agency: { counters: ({ code }) => COUNTERS.filter((each) => each.code === code) },
    Complaint: {
      inspections({ ticket }, _, viewer) {
        needs(viewer, "complaints:read");
        return inspections.filter((each) => each.ticket === ticket);
      },
    },
    // Only the key: the hub decides what the viewer sees of it.
    Counter: { agency: ({ code }) => ({ code }) },
    Inspection: { complaint: ({ ticket }) => ({ ticket }) },
    Query: { counters: () => COUNTERS },
    Mutation: {
      planInspection(_, { ticket, on }, viewer) {
        needs(viewer, "complaints:submit");
        const planned = { ticket, on };
        inspections.push(planned);
        return planned;
      },
    },
  },
});
const COUNTERS = [
  { code: "DISHUB", address: "Jalan Siliwangi 355, Semarang", opens: "08.00-15.00" },
  { code: "DPMPTSP", address: "Jalan Mgr Soegijapranata 1, Semarang", opens: "08.00-15.30" },
];
const inspections = [];

const refusal = (message, extensions) => new GraphQLError(message, { extensions });
const keys = createRemoteJWKSet(new URL("/oauth/jwks", HUB_URL));

/** Who asks, by the hub's token. A token that is bound to a key (cnf) would need a proof, which ends at the gateway. */
async function viewerOf(authorization) {
  if (!authorization) return { scopes: [] };
  const invalid = refusal("The token is not valid.", { code: "UNAUTHENTICATED" });
  const [, token] = /^Bearer (\S+)$/i.exec(authorization) ?? [];
  if (!token) throw invalid;
  const expected = { issuer: HUB_URL, audience: HUB_URL, typ: "at+jwt", requiredClaims: ["exp", "scope"] };
  const { payload } = await jwtVerify(token, keys, expected).catch((error) => {
    const wrong = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout);
    throw wrong ? invalid : refusal("The hub's keys cannot be read now.", { code: "TRY_LATER" });
  });
  if (payload.cnf) throw invalid;
  return { scopes: payload.scope.split(" ") };
}

function needs({ scopes }, scope) {
  if (!scopes.includes(scope)) throw refusal(`This field needs the scope ${scope}.`, { code: "FORBIDDEN", scope });
}

async function answer(request) {
  let body = "";
  for await (const part of request.setEncoding("utf8")) {
    body += part;
    if (body.length > MAX_BODY) throw refusal("The request is too long.", { code: "BODY_TOO_LARGE" });
  }
  const { query, variables, operationName } = JSON.parse(body);
  const document = parse(query, { maxTokens: 2000 });
  const mistakes = validate(schema, document);
  if (mistakes.length) return { errors: mistakes };
  const contextValue = await viewerOf(request.headers.authorization);
  return execute({ schema, document, variableValues: variables, operationName, contextValue });
}

createServer(async (request, response) => {
  const result = await answer(request).catch((error) => ({
    errors: [error instanceof GraphQLError ? error : refusal("The request cannot be read.", { code: "BAD_INPUT" })],
  }));
  response.setHeader("Content-Type", "application/json").end(JSON.stringify(result));
}).listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}/graphql`));
