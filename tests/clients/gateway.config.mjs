// How Hive Gateway is run over the subgraphs: whoever asks the gateway is who asks the hub.
// The supergraph and the port are given on the command line.
export const gatewayConfig = {
  pollingInterval: 0,
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({
      authorization: request.headers.get("authorization") ?? undefined,
      "hub-purpose": request.headers.get("hub-purpose") ?? undefined,
      "accept-language": request.headers.get("accept-language") ?? undefined,
    }),
  },
};
