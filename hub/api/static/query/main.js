// The query page: wires the editor, the schema, the tabs, the history and the answer together.
import { Completion } from "./completion.js";
import { curlCommand } from "./curl.js";
import { Here, loadSchema } from "./documentation.js";
import { both, element, speak } from "./dom.js";
import { Editor } from "./editor.js";
import { History } from "./history.js";
import { Kept } from "./kept.js";
import { parse } from "./parse.js";
import { placeAt, places } from "./places.js";
import { drawProblems } from "./problems.js";
import { Reference } from "./reference.js";
import { Response } from "./response.js";
import { bodyOf, send, summary } from "./send.js";
import { Tabs } from "./tabs.js";
import { validate } from "./validate.js";

const [form, example, field, variables, token, run, status, keep] = [
  "ask",
  "example",
  "document",
  "variables",
  "token",
  "run",
  "status",
  "keep",
].map(element);
const examples = JSON.parse(element("examples").textContent);
const kept = new Kept(localStorage);
const editor = new Editor(field, element("behind"));
const answer = new Response(element("result"));
const tabs = new Tabs(element("tabs"), element("panel"), kept, show);
const history = new History(element("history"), element("history-count"), kept, (operation) => tabs.add(operation));
const reference = new Reference(element("types"), element("search"), (name) => {
  editor.replace(field.selectionStart, field.selectionEnd, name);
  // On a phone the editor is far above the schema.
  field.parentElement.scrollIntoView({ block: "nearest" });
});
const here = new Here(element("here"), (name) => reference.open(name));
const completion = new Completion(editor, element("suggestions"), element("said"), () => schema);
let schema = null;
let found = [];

/** Say something in both languages; `good` colours it. */
function say(id, en, good) {
  speak(status, id, en);
  if (good === undefined) delete status.dataset.good;
  else status.dataset.good = good;
}

function show(tab) {
  field.value = tab.query;
  variables.value = tab.variables;
  completion.close();
  check();
}

function check() {
  const { text } = editor;
  const document_ = parse(text);
  found = schema ? places(document_, schema) : [];
  const problems = !text.trim() ? [] : schema ? validate(document_, found, schema) : document_.problems.slice(0, 1);
  editor.paint(problems);
  drawProblems(element("problems"), text, problems, (each) => editor.select(each));
  field.setAttribute("aria-invalid", String(problems.some((each) => !each.mild)));
  here.show(placeAt(found, editor.caret));
}

/** The body of the current operation; says what is wrong with its variables, and returns nothing then. */
function body() {
  try {
    return bodyOf(field.value, variables.value);
  } catch (error) {
    say(`Variabel bukan JSON: ${error.message}`, `The variables are not JSON: ${error.message}`, false);
    variables.focus();
    return null;
  }
}

async function ask(event) {
  event?.preventDefault();
  const sent = run.getAttribute("aria-disabled") === "true" ? null : body();
  if (!sent) return;
  run.setAttribute("aria-disabled", "true");
  say("Sedang dijalankan …", "Running …");
  history.ran({ query: field.value, variables: variables.value });
  try {
    const got = await send(sent, token.value);
    say(...summary(got), got.response.ok && !got.answer.errors);
    answer.show(got.answer);
  } catch {
    say("Simpul tidak dapat dihubungi.", "The hub cannot be reached.", false);
  } finally {
    run.removeAttribute("aria-disabled");
  }
}

async function copy(text, id, en) {
  try {
    await navigator.clipboard.writeText(text);
    say(id, en);
  } catch {
    // Without https or the right to, a person copies it from here.
    element("to-copy").value = text;
    element("copied").showModal();
    element("to-copy").select();
  }
}

function copyCurl() {
  const sent = body();
  if (!sent) return;
  const command = curlCommand(new URL("/graphql", location.href).href, sent, token.value !== "");
  copy(
    command,
    "Perintah curl disalin; token dibaca dari $TOKEN.",
    "The curl command was copied; it reads the token from $TOKEN.",
  );
}

/** An example takes the place of another one or of nothing; what a person wrote stays in its tab. */
function choose() {
  const { query, variables: values } = examples[example.value];
  const untouched = !field.value.trim() || examples.some((each) => each.query === field.value);
  if (!untouched) return tabs.add({ query, variables: values });
  tabs.change({ query, variables: values });
  show(tabs.current);
}

function wire() {
  const clicks = {
    "tab-new": () => (tabs.add({ query: "", variables: "" }), field.focus()),
    "tab-close": () => tabs.close(),
    curl: copyCurl,
    "copy-answer": () => copy(answer.text ?? "", "Jawaban disalin.", "The answer was copied."),
    fold: () => answer.fold(true),
    unfold: () => answer.fold(false),
    "history-clear": () => history.clear(),
  };
  for (const [id, act] of Object.entries(clicks)) element(id).addEventListener("click", act);
  form.addEventListener("submit", ask);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(event);
  });
  example.addEventListener("change", choose);
  field.addEventListener("input", () => (tabs.change({ query: field.value }), check()));
  variables.addEventListener("input", () => tabs.change({ variables: variables.value }));
  document.addEventListener(
    "selectionchange",
    () => document.activeElement === field && here.show(placeAt(found, editor.caret)),
  );
  document.addEventListener("language", () => (history.draw(), reference.shown && reference.open(reference.shown)));
  keep.addEventListener("change", () => {
    kept.keepsVariables = keep.checked;
    tabs.keep();
  });
}

async function begin() {
  for (const each of document.querySelectorAll("main > [hidden]")) each.hidden = false;
  examples.forEach((each, index) => example.append(both("option", each.title_id, each.title_en, { value: index })));
  keep.checked = kept.keepsVariables;
  wire();
  tabs.start({ query: examples[0].query, variables: examples[0].variables });
  schema = await loadSchema().catch(() => null);
  if (!schema)
    return speak(element("types"), "Simpul ini tidak menunjukkan skemanya.", "This hub does not show its schema.");
  reference.begin(schema);
  check();
}

begin();
