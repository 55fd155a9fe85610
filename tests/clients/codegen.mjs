// Generates TypeScript from the schema as clients see it, all strict, and compiles it; prints one line of JSON.
// Arguments: an empty folder, the file with the schema.
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { generate } from "@graphql-codegen/cli";

const [folder, schema] = process.argv.slice(2);
const require = createRequire(import.meta.url);
cpSync(new URL("codegen", import.meta.url), folder, { recursive: true });
symlinkSync(new URL("node_modules", import.meta.url), join(folder, "node_modules"));
await generate({
  schema,
  documents: join(folder, "queries.graphql"),
  silent: true,
  generates: {
    [join(folder, "generated/")]: {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        strictScalars: true,
        scalars: { Date: "string", DateTime: "string", Decimal: "string", JSON: "unknown" },
        enumsAsTypes: true,
        immutableTypes: true,
        avoidOptionals: { object: true, field: true },
        useTypeImports: true,
      },
    },
  },
}, true);
const strict = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--verbatimModuleSyntax"];
const modules = ["--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022", "--skipLibCheck"];
const compiler = [require.resolve("typescript/bin/tsc"), "--noEmit", ...strict, ...modules];
execFileSync(process.execPath, [...compiler, join(folder, "use.ts")], { stdio: "inherit" });
const generated = readFileSync(join(folder, "generated/graphql.ts"), "utf8");
console.log(JSON.stringify({ anys: (generated.match(/: any\b/g) ?? []).length, lines: generated.split("\n").length }));
