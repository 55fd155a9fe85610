// The statements of bench/sql as prepared statements of pg, with a pool of ten; PGHOST, PGUSER and PGDATABASE say where.
import { createDecipheriv } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

const TIMESTAMPTZ = 1184, BIGINT = 20;
// As text, in the form of ISO 8601: a Date has no microseconds.
pg.types.setTypeParser(TIMESTAMPTZ, (value) => `${value.replace(" ", "T")}:00`);
pg.types.setTypeParser(BIGINT, Number);

const folder = join(import.meta.dirname, "../../../bench/sql");
const statements = new Map(
  readdirSync(folder).map((file) => [file.replace(".sql", ""), readFileSync(join(folder, file), "utf8")]),
);
const pool = new pg.Pool({ max: 10, options: "-c TimeZone=UTC" });

export const rows = async (name, ...values) => (await pool.query({ name, text: statements.get(name), values })).rows;

const key = Buffer.from(process.env.BENCH_KEY, "base64");

// The content of reporters.sealed: the id of the key, a nonce, what is encrypted, and a tag.
export function decrypted(sealed, context) {
  const [keyId, nonce, tag] = [sealed.subarray(0, 4), sealed.subarray(4, 16), sealed.subarray(-16)];
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAAD(Buffer.concat([keyId, Buffer.from(context)]));
  decipher.setAuthTag(tag);
  return JSON.parse(decipher.update(sealed.subarray(16, -16)) + decipher.final("utf8"));
}
