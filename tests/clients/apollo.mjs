// Reads a list to its end with Apollo Client, as an application with a "more" button does; prints one line of JSON.
// Arguments: the endpoint, an access token.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client/core";
import { relayStylePagination } from "@apollo/client/utilities";
import { filter, firstValueFrom } from "rxjs";

const [uri, token] = process.argv.slice(2);
let asked = 0;
const count = new ApolloLink((operation, forward) => { asked += 1; return forward(operation); });
const http = new HttpLink({ uri, headers: { authorization: `Bearer ${token}`, "hub-purpose": "handling" } });
const cache = new InMemoryCache({
  typePolicies: { Query: { fields: { complaints: relayStylePagination(["filter", "orderBy"]) } } },
});
const client = new ApolloClient({ cache, link: ApolloLink.from([count, http]) });
const query = gql`
  query List($after: String) {
    complaints(first: 100, after: $after, filter: { status: [IN_PROGRESS], channel: [WHATSAPP] }, orderBy: RECEIVED_ASC) {
      totalCount
      pageInfo { hasNextPage endCursor }
      edges { cursor node { id ticket receivedAt agency { id name } } }
    }
  }`;

const list = client.watchQuery({ query });
const watching = list.subscribe({});
let { data } = await firstValueFrom(list.pipe(filter((result) => !result.loading)));
while (data.complaints.pageInfo.hasNextPage) {
  await list.fetchMore({ variables: { after: data.complaints.pageInfo.endCursor } });
  data = client.readQuery({ query });
}
watching.unsubscribe();
const rows = data.complaints.edges.map((edge) => edge.node);
console.log(JSON.stringify({
  asked,
  total: data.complaints.totalCount,
  tickets: rows.map((row) => row.ticket),
  cached: Object.keys(cache.extract()).filter((key) => key.startsWith("Complaint:")).length,
}));
