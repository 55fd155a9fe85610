// Keys of the console: `/` leads to the search, `g` and a letter to a page, `?` shows them. They can be turned off, and do
// nothing while one types.
const OFF = "console-keys-off";
const dialog = document.getElementById("keys");
const on = document.getElementById("keys-on");
let going = false;

function stored() {
  try {
    return localStorage.getItem(OFF) !== null;
  } catch {
    return false;
  }
}

function search() {
  const field = document.querySelector("main form[role=search] :is(input, select)");
  if (field) field.focus();
  else location.assign(`${document.querySelector("[data-search]").href}#number`);
}

function go(letter) {
  const link = [...document.querySelectorAll("nav [data-key]")].find((each) => each.dataset.key === letter);
  if (link) link.click();
  return Boolean(link);
}

function pressed(event) {
  const typing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || dialog.open || !on.checked) return;
  const chosen = going && go(event.key);
  going = !chosen && event.key === "g";
  if (chosen) event.preventDefault();
  else if (event.key === "/") {
    event.preventDefault();
    search();
  } else if (event.key === "?") dialog.showModal();
}

if (dialog) {
  on.checked = !stored();
  on.addEventListener("change", () => {
    if (on.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
  const button = document.getElementById("keys-show");
  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", pressed);
  if (location.hash === "#number") document.getElementById("number")?.focus();
}
