// GraphQL Yoga with a DataLoader for each link and request. The port is the first argument.
import { createServer } from "node:http";
import DataLoader from "dataloader";
import { createSchema, createYoga } from "graphql-yoga";
import { batches, ComplaintConnection, Query, typeDefs } from "./graph.mjs";

const { procurementOrders, ...ofComplaints } = batches;
const links = Object.keys(ofComplaints);

// Agencies are one object a code in a request, because their loader has its code as the key.
const loaders = () => ({
  ...Object.fromEntries(links.map((link) => [link, new DataLoader(batches[link], { cacheKeyFn: ({ id }) => id })])),
  agency: new DataLoader(batches.agency, { cacheKeyFn: ({ agencyCode }) => agencyCode }),
  procurementOrders: new DataLoader(
    (keys) => procurementOrders(keys.map(({ agency }) => agency), keys[0].first),
    { cacheKeyFn: ({ agency }) => agency.code },
  ),
});

const schema = createSchema({
  typeDefs,
  resolvers: {
    Query,
    ComplaintConnection,
    Complaint: Object.fromEntries(
      links.map((link) => [link, (complaint, _, context) => context[link].load(complaint)]),
    ),
    Agency: { procurementOrders: (agency, { first }, context) => context.procurementOrders.load({ agency, first }) },
  },
});
const yoga = createYoga({ schema, context: loaders, logging: false, graphiql: false });
createServer(yoga).listen(Number(process.argv[2]), "127.0.0.1");
