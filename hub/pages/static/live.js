// Keeps the marked parts of a page of the console up to date: what has `data-live` is replaced by what the page at the same
// address has now. Nothing is asked while the page is hidden, and nothing that the reader uses is replaced.
const SECONDS = 15;
let timer;

function inUse(part) {
  return part.contains(document.activeElement) || part.querySelector(":checked, details[open]") !== null;
}

function replace(now) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = now.getElementById(part.id);
    if (fresh && fresh.innerHTML !== part.innerHTML && !inUse(part)) part.replaceChildren(...fresh.childNodes);
  }
}

async function refresh() {
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
    // Who is signed out, or gets an error, keeps the page as it is.
    if (response.redirected) return;
    if (response.ok) replace(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch {
    // The hub is away: the next time may succeed.
  }
  plan();
}

function plan() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, SECONDS * 1000);
}

// A page that says what was done, or what is wrong, is not loaded again in its place.
if (document.querySelector("main [data-live]") && !document.querySelector("main .errors")) {
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
  plan();
}
