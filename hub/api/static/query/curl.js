// An operation as a command for a shell. The token is not in it: the command reads it from $TOKEN.

/** The headers of an operation; `token` is what stands for the access token, or nothing. */
export function headersOf(token) {
  const headers = { "Content-Type": "application/json", Accept: "application/graphql-response+json" };
  if (token) {
    headers.Authorization = `Bearer ${token}`;
    // The identity of a reporter requires a stated purpose; each read is logged.
    headers["Hub-Purpose"] = "handling";
  }
  return headers;
}

const single = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The command for `curl`, in several lines; `signedIn` adds the headers that a token needs. */
export function curlCommand(url, body, signedIn) {
  const headers = Object.entries(headersOf(signedIn ? "$TOKEN" : ""));
  const written = headers.map(([name, value]) => {
    const line = `${name}: ${value}`;
    return `  --header ${value.includes("$") ? `"${line}"` : single(line)}`;
  });
  return [`curl ${single(url)}`, ...written, `  --data-binary ${single(body)}`].join(" \\\n");
}
