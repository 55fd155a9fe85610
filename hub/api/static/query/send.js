// Sends an operation, and says how it went.
import { headersOf } from "./curl.js";

/** The body of an operation; raises `SyntaxError` if the variables are not JSON. */
export function bodyOf(query, variables) {
  const text = variables.trim();
  return JSON.stringify({ query, variables: text ? JSON.parse(text) : null });
}

/** What the hub answered: the status, `answer` as JSON or text, and the milliseconds it took. */
export async function send(body, token) {
  const began = performance.now();
  const response = await fetch("/graphql", { method: "POST", headers: headersOf(token), body });
  const text = await response.text();
  const took = Math.round(performance.now() - began);
  try {
    return { response, took, answer: JSON.parse(text) };
  } catch {
    return { response, took, answer: text };
  }
}

/** One line in both languages about an answer. */
export function summary({ response, took, answer }) {
  const cost = answer?.extensions?.cost;
  const spent = (word, of) => (cost ? ` · ${word} ${cost.estimated} ${of} ${cost.limit}` : "");
  const line = `HTTP ${response.status} · ${took} ms`;
  return [line + spent("biaya", "dari"), line + spent("cost", "of")];
}
