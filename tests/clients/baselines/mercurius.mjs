// Mercurius with graphql-jit and its own loaders. The port is the first argument.
import Fastify from "fastify";
import mercurius from "mercurius";
import { batches, ComplaintConnection, Query, typeDefs } from "./graph.mjs";

// Rows are not cached: what a request reads is as new as the request.
const loader = (load) => ({ loader: (asked) => load(asked.map(({ obj }) => obj), asked[0].params), opts: { cache: false } });
const { procurementOrders, ...ofComplaints } = batches;

const app = Fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers: { Query, ComplaintConnection },
  loaders: {
    Complaint: Object.fromEntries(Object.entries(ofComplaints).map(([field, load]) => [field, loader(load)])),
    Agency: { procurementOrders: loader((agencies, { first }) => procurementOrders(agencies, first)) },
  },
  jit: 1,
});
await app.listen({ host: "127.0.0.1", port: Number(process.argv[2]) });
