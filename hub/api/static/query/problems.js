// The list of problems below the editor; each leads to its place.
import { both } from "./dom.js";

const SHOWN = 5;

const position = (text, offset) => {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${before.at(-1).length + 1}`;
};

/** Show `problems` in `list`; `select(problem)` is called for the one that a person picks. */
export function drawProblems(list, text, problems, select) {
  const rows = problems.slice(0, SHOWN).map((each) => {
    const at = position(text, each.start);
    const shown = both("button", `${at} ${each.id}`, `${at} ${each.en}`, {
      type: "button",
      class: `link ${each.mild ? "mild" : "bad"}`,
      onclick: () => select(each),
    });
    const row = document.createElement("li");
    row.append(shown);
    return row;
  });
  list.replaceChildren(...rows);
  list.hidden = !rows.length;
}
