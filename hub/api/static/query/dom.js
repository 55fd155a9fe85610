// Elements of the page, and texts in both languages (see language.js).
export const element = (id) => document.getElementById(id);

/** Show a text in the language of the page; it follows when the language changes. */
export function speak(target, id, en) {
  target.dataset.id = id;
  target.dataset.en = en;
  target.textContent = target.dataset[document.documentElement.lang];
  return target;
}

/** A new element with attributes and children; text is text, never HTML. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export const both = (tag, id, en, attributes) => speak(make(tag, attributes), id, en);
