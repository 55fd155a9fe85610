// Apollo Gateway over the hub's subgraphs: whoever asks the gateway is who asks the hub.
// Arguments: the supergraph's file, the port.
import { readFileSync } from "node:fs";
import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { GraphQLError } from "graphql";

const [, , file, port] = process.argv;
const FORWARDED = ["authorization", "dpop", "hub-purpose", "hub-tracking-code", "accept-language"];
const PART_MILLISECONDS = 15_000;

class Forwarding extends RemoteGraphQLDataSource {
  // Its own would wait for ever.
  fetcher = (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(PART_MILLISECONDS) });

  willSendRequest({ request, context }) {
    for (const name of FORWARDED) {
      const value = context.headers?.[name];
      if (value) request.http.headers.set(name, value);
    }
  }

  // Without these two, the error of a part that does not answer has neither its name nor a code, and other JSON is no error.
  didEncounterError(error) {
    const { code = "DOWNSTREAM_SERVICE_ERROR" } = error.extensions ?? {};
    const extensions = { code, serviceName: this.name };
    throw new GraphQLError(`The subgraph ${this.name} does not answer.`, { extensions });
  }

  didReceiveResponse({ response }) {
    if (!response.data && !response.errors?.length) this.didEncounterError({});
    return response;
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: readFileSync(file, "utf8"),
  buildService: ({ name, url }) => new Forwarding({ name, url }),
});
const server = new ApolloServer({ gateway, includeStacktraceInErrorResponses: false });
const context = async ({ req }) => ({ headers: req.headers });
const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: Number(port) }, context });
console.log(url);
