// Compiles Relay's queries against the hub's schema, and pages with Relay's own store; prints one line of JSON.
// Arguments: the endpoint, an access token, an empty folder, the file with the schema as clients see it.
import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import relay from "relay-runtime";

const [uri, token, folder, schema] = process.argv.slice(2);
const require = createRequire(import.meta.url);
copyFileSync(new URL("relay/queries.js", import.meta.url), join(folder, "queries.js"));
const config = join(folder, "relay.config.json");
const options = { language: "javascript", noFutureProofEnums: true, eagerEsModules: false };
writeFileSync(config, JSON.stringify({ src: folder, schema, ...options }));
writeFileSync(join(folder, "package.json"), "{}");
execFileSync(process.execPath, [require.resolve("relay-compiler/cli.js"), config], { stdio: "pipe" });
const made = join(folder, "__generated__");
const compiled = (name) => createRequire(config)(join(made, `${name}.graphql.js`));

let asked = 0;
const network = relay.Network.create(async ({ text }, variables) => {
  asked += 1;
  const headers = { authorization: `Bearer ${token}`, "hub-purpose": "handling", "content-type": "application/json" };
  const answer = await fetch(uri, { method: "POST", headers, body: JSON.stringify({ query: text, variables }) });
  return answer.json();
});
const environment = new relay.Environment({ network, store: new relay.Store(new relay.RecordSource()) });
const read = async (name, variables) => {
  const operation = relay.createOperationDescriptor(compiled(name), variables);
  await environment.execute({ operation }).toPromise();
  environment.retain(operation);
  return environment.lookup(operation.fragment).data;
};
const tickets = ({ complaints }) => complaints.edges.map(({ node }) => node.ticket);

let page = await read("queriesForwardQuery", { first: 100 });
const total = page.complaints.totalCount;
while (page.complaints.pageInfo.hasNextPage) {
  page = await read("queriesForwardQuery", { first: 100, after: page.complaints.pageInfo.endCursor });
}
const forward = tickets(page);
page = await read("queriesBackwardQuery", { last: 100 });
while (page.complaints.pageInfo.hasPreviousPage) {
  page = await read("queriesBackwardQuery", { last: 100, before: page.complaints.pageInfo.startCursor });
}
console.log(JSON.stringify({ asked, total, forward, backward: tickets(page), artifacts: readdirSync(made).sort() }));
