// Composes subgraphs with both composers of Apollo Federation v2; prints one line of JSON: for each of them what it
// refuses (`errors`), what it advises (`hints`), the supergraph and the schema clients see (`api`).
// Arguments: a JSON file, [{"name", "url", "sdl"}]; `plain` to have Apollo compose without what is for routers.
import { readFileSync } from "node:fs";
import { composeServices as apollo } from "@apollo/composition";
import { composeServices as guild, transformSupergraphToPublicSchema } from "@theguild/federation-composition";
import { buildASTSchema, lexicographicSortSchema, parse, printSchema, visit } from "graphql";

const services = JSON.parse(readFileSync(process.argv[2], "utf8"))
  .map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
// Apollo Gateway refuses a supergraph with these; the subgraphs enforce them all the same.
const ROUTER_ONLY = ["requiresScopes", "authenticated"];
const plain = (service) => ({
  ...service,
  typeDefs: visit(service.typeDefs, {
    Directive: ({ name }) => (ROUTER_ONLY.includes(name.value) ? null : undefined),
    StringValue: ({ value }) => (ROUTER_ONLY.includes(value.slice(1)) && value.startsWith("@") ? null : undefined),
  }),
});
const api = (supergraph) =>
  printSchema(lexicographicSortSchema(buildASTSchema(transformSupergraphToPublicSchema(parse(supergraph)))));
const told = ({ errors = [], hints = [], supergraphSdl }) => ({
  errors: errors.map(String), hints: hints.map(String), supergraph: supergraphSdl, api: supergraphSdl && api(supergraphSdl),
});
const forApollo = process.argv[3] === "plain" ? services.map(plain) : services;
console.log(JSON.stringify({ guild: told(guild(services)), apollo: told(apollo(forApollo)) }));
