// Uses what was generated, so that the compiler has to understand it; there is no `any` in it.
import { DeskDocument, type DeskQuery, type DeskQueryVariables, type ShownFragment } from "./generated/graphql";

export const asked: DeskQueryVariables = { first: 20, filter: { status: ["IN_PROGRESS"], search: "jalan" } };
export const document = DeskDocument;

export function shown(answer: DeskQuery): string[] {
  const rows: readonly (ShownFragment & { readonly agency: { readonly code: string } | null })[] = answer.complaints?.nodes ?? [];
  return rows.map((row) => `${row.ticket.toUpperCase()} ${row.status} ${row.agency?.code ?? "?"}`);
}
