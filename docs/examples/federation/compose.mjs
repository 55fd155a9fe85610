// Composes services of Apollo Federation into one supergraph, and prints it.
//
//   npm install @theguild/federation-composition graphql
//   node compose.mjs hub=http://127.0.0.1:8000/graphql counters=http://127.0.0.1:4100/graphql > supergraph.graphql
import { composeServices } from "@theguild/federation-composition";
import { parse } from "graphql";

const services = process.argv.slice(2).map(async (argument) => {
  const [, name, url] = /^(\w+)=(\S+)$/.exec(argument) ?? [];
  if (!name) throw new Error(`${argument} is not NAME=URL.`);
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query: "{ _service { sdl } }" }),
  });
  const { data, errors } = await response.json();
  if (!data) throw new Error(`${name} does not show its schema: ${errors.map((each) => each.message).join(" ")}`);
  return { name, url, typeDefs: parse(data._service.sdl) };
});

const { supergraphSdl, errors = [] } = composeServices(await Promise.all(services));
for (const error of errors) console.error(String(error));
if (errors.length) process.exit(1);
console.log(supergraphSdl);
