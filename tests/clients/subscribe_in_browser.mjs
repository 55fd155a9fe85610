// A page of another origin follows the hub in a real browser: by its EventSource, by its WebSocket and by fetch.
// Prints a line when all are open and then, as JSON, what each has got. Arguments: the hub's URL, an access token, the
// path of Chromium, a folder for its profile.
import { createServer } from "node:http";
import { launch } from "./browser.mjs";

const [url, token, chromium, profile] = process.argv.slice(2);
const server = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>Ikuti</title>"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { context, page, seen } = await launch(chromium, profile);
await page.goto(`http://127.0.0.1:${server.address().port}`);

await page.evaluate(({ url, token }) => {
  window.got = { eventSource: [], webSocket: [], fetch: [] };
  const query = encodeURIComponent('subscription { system(name: "fake") { name downSince } }');
  new EventSource(`${url}/graphql?query=${query}`).addEventListener("next", ({ data }) => got.eventSource.push(JSON.parse(data).data.system));

  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  const send = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: "connection_init", payload: { Authorization: `Bearer ${token}` } });
  socket.onmessage = ({ data }) => {
    const { type, payload } = JSON.parse(data);
    if (type === "connection_ack") send({ id: "1", type: "subscribe", payload: { query: "subscription { changes { __typename ... on ChangeEdge { node { subject } } } }" } });
    else got.webSocket.push(payload.data.changes);
  };

  fetch(`${url}/feed`, { headers: { Authorization: `Bearer ${token}`, Accept: "application/x-ndjson" } }).then(async ({ body }) => {
    for await (const text of body.pipeThrough(new TextDecoderStream()))
      for (const line of text.split("\n").filter(Boolean)) got.fetch.push(JSON.parse(line));
  });
}, { url, token });
await page.waitForFunction(() => Object.values(got).every(({ length }) => length > 0));
console.log("open");
await page.waitForFunction(() => got.webSocket.length > 1 && got.fetch.some(({ event }) => event === "change")
  && got.eventSource.some(({ downSince }) => downSince));
console.log(JSON.stringify({ ...await page.evaluate(() => got), complaints: seen.complaints }));
await context.close();
server.close();
