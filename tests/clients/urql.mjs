// Reads a list with urql and its normalising cache, which knows the schema; then what lacks a scope. Prints JSON.
// Arguments: the endpoint, an access token, the file with the schema as clients see it.
import { readFileSync } from "node:fs";
import { Client, fetchExchange, gql } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { buildSchema, introspectionFromSchema } from "graphql";

const [url, token, sdl] = process.argv.slice(2);
const schema = introspectionFromSchema(buildSchema(readFileSync(sdl, "utf8")));
const client = (headers) => new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers },
  exchanges: [cacheExchange({ schema, resolvers: { Query: { complaints: relayPagination() } } }), fetchExchange],
});
const list = gql`
  query List($first: Int, $after: String, $last: Int, $before: String) {
    complaints(
      first: $first, after: $after, last: $last, before: $before
      filter: { status: [IN_PROGRESS], channel: [WHATSAPP] }, orderBy: RECEIVED_ASC
    ) {
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { id ticket } }
    }
  }`;
const tickets = ({ complaints }) => complaints.edges.map(({ node }) => node.ticket);
const officer = () => client({ authorization: `Bearer ${token}`, "hub-purpose": "handling" });
const read = async (reader, variables) => {
  const { data, error } = await reader.query(list, variables).toPromise();
  if (error) throw error;
  return data;
};

let reader = officer();
let page = await read(reader, { first: 100 });
while (page.complaints.pageInfo.hasNextPage) {
  page = await read(reader, { first: 100, after: page.complaints.pageInfo.endCursor });
}
const forward = tickets(page);
reader = officer();
page = await read(reader, { last: 100 });
while (page.complaints.pageInfo.hasPreviousPage) {
  page = await read(reader, { last: 100, before: page.complaints.pageInfo.startCursor });
}
const closed = await client({}).query(gql`{ complaints(first: 1) { nodes { id ticket text } } }`, {}).toPromise();
console.log(JSON.stringify({
  forward,
  backward: tickets(page),
  refused: closed.error.graphQLErrors.map((each) => each.extensions),
  kept: closed.data.complaints.nodes.map(({ ticket, text }) => ({ ticket: typeof ticket, text })),
}));
