// The query page: fills in an example, sends the operation, shows the answer with its time and cost.
const element = (id) => document.getElementById(id);
const [form, example, documentField, variables, token, run, status, result] =
  ["ask", "example", "document", "variables", "token", "run", "status", "result"].map(element);
const examples = JSON.parse(element("examples").textContent);
// Colouring makes an element a token, so a long answer is shown plain.
const COLOURED = 200_000;

function fillExamples() {
  examples.forEach((each, index) => {
    const option = new Option(each.title_id, index);
    option.dataset.id = each.title_id;
    option.dataset.en = each.title_en;
    option.textContent = option.dataset[document.documentElement.lang];
    example.append(option);
  });
}

function choose() {
  documentField.value = examples[example.value].query;
  variables.value = examples[example.value].variables;
}

/** Say something in both languages; `good` colours it. */
function say(id, en, good) {
  status.dataset.id = id;
  status.dataset.en = en;
  status.textContent = status.dataset[document.documentElement.lang];
  if (good === undefined) delete status.dataset.good;
  else status.dataset.good = good;
}

function kind(token, after) {
  if (token.startsWith('"')) return after.startsWith(":") ? "key" : "text";
  return /^[-\d]/.test(token) ? "number" : "word";
}

/** JSON as coloured text nodes; never as HTML, because the answer holds what people wrote. */
function coloured(text) {
  const parts = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g)) {
    const span = document.createElement("span");
    const after = match.index + match[0].length;
    span.className = kind(match[0], text.slice(after, after + 1));
    span.textContent = match[0];
    parts.append(text.slice(end, match.index), span);
    end = after;
  }
  parts.append(text.slice(end));
  return parts;
}

function show(answer) {
  const text = typeof answer === "string" ? answer : JSON.stringify(answer, null, 2);
  result.replaceChildren(text.length < COLOURED ? coloured(text) : text);
}

function requestBody() {
  const text = variables.value.trim();
  return JSON.stringify({ query: documentField.value, variables: text ? JSON.parse(text) : null });
}

async function send(body) {
  const headers = { "Content-Type": "application/json", Accept: "application/graphql-response+json" };
  if (token.value) {
    headers.Authorization = `Bearer ${token.value}`;
    // The identity of a reporter requires a stated purpose; each read is logged.
    headers["Hub-Purpose"] = "handling";
  }
  const began = performance.now();
  const response = await fetch("/graphql", { method: "POST", headers, body });
  const text = await response.text();
  return { response, text, took: Math.round(performance.now() - began) };
}

function report({ response, text, took }) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = text;
  }
  const cost = answer.extensions?.cost;
  const spent = (word, of) => (cost ? ` · ${word} ${cost.estimated} ${of} ${cost.limit}` : "");
  const line = `HTTP ${response.status} · ${took} ms`;
  say(line + spent("biaya", "dari"), line + spent("cost", "of"), response.ok && !answer.errors);
  show(answer);
}

async function ask(event) {
  event?.preventDefault();
  if (run.getAttribute("aria-disabled") === "true") return;
  let body;
  try {
    body = requestBody();
  } catch (error) {
    say(`Variabel bukan JSON: ${error.message}`, `The variables are not JSON: ${error.message}`, false);
    variables.focus();
    return;
  }
  run.setAttribute("aria-disabled", "true");
  say("Sedang dijalankan …", "Running …");
  try {
    report(await send(body));
  } catch {
    say("Simpul tidak dapat dihubungi.", "The hub cannot be reached.", false);
  } finally {
    run.removeAttribute("aria-disabled");
  }
}

form.addEventListener("submit", ask);
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(event);
});
example.addEventListener("change", choose);
fillExamples();
choose();
