// Follows the feed with clients written by others, each over its own connection. Prints a line when all have caught up,
// and then, as JSON, the subjects that each has got. Arguments: the hub's URL, an access token, how many changes.
import { ApolloClient, ApolloLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { EventSource } from "eventsource";
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import WebSocket from "ws";

const [url, token, count] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const query = `subscription($after: String) { changes(after: $after) {
  __typename ... on ChangeEdge { cursor node { subject } } ... on Checkpoint { cursor } ... on Gap { reason } } }`;
const variables = { after: "e30" };
const socket = () => createWs({
  url: `${url.replace("http", "ws")}/graphql`, webSocketImpl: WebSocket, connectionParams: { authorization }, retryAttempts: 0,
});
const events = (singleConnection) => createSse({
  url: singleConnection ? `${url}/graphql/stream` : `${url}/graphql`, singleConnection, headers: { authorization },
  retryAttempts: 0,
});
const urql = (options) => new Client({ url: `${url}/graphql`, preferGetMethod: false, ...options });

// Each takes functions for an event and for an error.
const clients = {
  "graphql-ws": (next, error) => socket().subscribe({ query, variables }, sink(next, error)),
  "graphql-sse, distinct": (next, error) => events(false).subscribe({ query, variables }, sink(next, error)),
  "graphql-sse, single": (next, error) => events(true).subscribe({ query, variables }, sink(next, error)),
  "Apollo Client": (next, error) => {
    const client = new ApolloClient({ link: ApolloLink.from([new GraphQLWsLink(socket())]), cache: new InMemoryCache() });
    client.subscribe({ query: gql(query), variables }).subscribe({ next: ({ data }) => next(data.changes), error });
  },
  "urql, WebSocket": (next, error) => {
    const transport = socket();
    const forwardSubscription = (request) => ({
      subscribe: (to) => ({ unsubscribe: transport.subscribe({ ...request, query: request.query ?? "" }, to) }),
    });
    follow(urql({ exchanges: [subscriptionExchange({ forwardSubscription })] }), next, error);
  },
  "urql, fetch": (next, error) => follow(
    urql({ exchanges: [fetchExchange], fetchSubscriptions: true, fetchOptions: { headers: { authorization } } }), next, error,
  ),
  EventSource: (next, error) => {
    const source = new EventSource(`${url}/feed?after=e30`, {
      fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization } }),
    });
    source.addEventListener("change", ({ data, lastEventId }) =>
      next({ __typename: "ChangeEdge", cursor: lastEventId, node: JSON.parse(data) }));
    source.addEventListener("checkpoint", ({ lastEventId }) => next({ __typename: "Checkpoint", cursor: lastEventId }));
    source.addEventListener("error", error);
  },
};
const sink = (next, error) => ({ next: ({ data, errors }) => (errors ? error(errors) : next(data.changes)), error, complete() {} });
const follow = (client, next, error) => client.subscription(query, variables).subscribe(
  ({ data, error: failed }) => (failed ? error(failed) : next(data.changes)));

const got = {};
const started = [], finished = [];
for (const [name, subscribe] of Object.entries(clients)) {
  got[name] = [];
  let caughtUp, done;
  started.push(new Promise((resolve) => { caughtUp = resolve; }));
  finished.push(new Promise((resolve) => { done = resolve; }));
  subscribe((event) => {
    if (event.__typename === "Checkpoint") caughtUp();
    if (event.__typename === "ChangeEdge") got[name].push(event.node.subject);
    if (got[name].length === Number(count)) done();
  }, (error) => {
    console.error(name, error);
    process.exit(1);
  });
}
await Promise.all(started);
console.log("caught up");
await Promise.all(finished);
console.log(JSON.stringify(got));
process.exit(0);
