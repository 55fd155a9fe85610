// Apollo Gateway over the hub's subgraphs: whoever asks the gateway is who asks the hub.
// Arguments: the supergraph's file, the port.
import { readFileSync } from "node:fs";
import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

const [, , file, port] = process.argv;
const FORWARDED = ["authorization", "dpop", "hub-purpose", "hub-tracking-code", "accept-language"];

class Forwarding extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    for (const name of FORWARDED) {
      const value = context.headers?.[name];
      if (value) request.http.headers.set(name, value);
    }
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: readFileSync(file, "utf8"),
  buildService: ({ url }) => new Forwarding({ url }),
});
const server = new ApolloServer({ gateway, includeStacktraceInErrorResponses: false });
const context = async ({ req }) => ({ headers: req.headers });
const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: Number(port) }, context });
console.log(url);
