// Cuts a GraphQL document into tokens. It takes any text: what GraphQL does not know is a token of kind "wrong".
const PATTERN = new RegExp(
  [
    /[\s,\uFEFF]+/,
    /(?<comment>#[^\n\r]*)/,
    /(?<name>[_A-Za-z]\w*)/,
    /(?<string>"""(?:\\"""|[^])*?"""|"(?!"")(?:\\.|[^"\\\n\r])*")/,
    /(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/,
    /(?<punctuator>\.\.\.|[!$&()[\]{}:=@|])/,
    /(?<wrong>"[^\n\r]*|[^])/,
  ]
    .map((each) => each.source)
    .join("|"),
  "g",
);

/** Tokens in their order: `kind`, `value`, `start` and `end` (offsets). Comments are tokens too. */
export function tokenize(text) {
  const tokens = [];
  for (const match of text.matchAll(PATTERN)) {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    if (kind) tokens.push({ kind, value: match[0], start: match.index, end: match.index + match[0].length });
  }
  return tokens;
}
