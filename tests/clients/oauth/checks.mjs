// Named checks of an outside client. Each holds or says why not, and the next one is done either way.
const passed = [];
const failed = {};

export async function check(name, act) {
  try {
    if (passed.includes(name) || name in failed) throw new Error("There are two checks of this name.");
    const result = await act();
    passed.push(name);
    return result;
  } catch (error) {
    const where = error.stack?.split("\n").find((line) => line.includes("/flows")) ?? "";
    failed[name] = `${error} ${JSON.stringify(error.cause) ?? ""} ${where.trim()}`;
    return undefined;
  }
}

export function equal(actual, expected) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`It is ${is} and should be ${should}.`);
}

// That the server refuses with this OAuth error and status, and says why, be it in the body or with a challenge.
export async function refused(error, act, status = 400) {
  const granted = {};
  const told = await act().then(() => granted, (refusal) => refusal);
  if (told === granted) throw new Error(`It is granted and should be refused with ${error}.`);
  const said = told.cause?.[0]?.parameters ?? told;
  if (said.error === undefined) throw told;
  equal([said.error, told.status ?? status, Boolean(said.error_description)], [error, status, true]);
}

// One line of JSON: the names of the checks that held, and what was wrong with the others.
export const tell = () => console.log(JSON.stringify({ passed, failed }));
