// The graph, as far as the two queries of the officer need it: its schema, its lists, and a batch function for each link.
import { randomUUID } from "node:crypto";
import { decrypted, rows } from "./database.mjs";

export const typeDefs = /* GraphQL */ `
  scalar DateTime
  enum ComplaintStatus { IN_PROGRESS VERIFIED CLOSED }
  enum Channel { WHATSAPP WEB }
  enum ComplaintOrder { RECEIVED_DESC }
  input ComplaintFilter { status: [ComplaintStatus!]!, channel: [Channel!]! }
  type Query {
    complaints(first: Int!, after: String, filter: ComplaintFilter!, orderBy: ComplaintOrder): ComplaintConnection!
    systems: [System!]!
  }
  type ComplaintConnection { totalCount: Int, pageInfo: PageInfo!, edges: [ComplaintEdge!]! }
  type ComplaintEdge { node: Complaint! }
  type PageInfo { hasNextPage: Boolean!, endCursor: String }
  type Complaint {
    ticket: String!, title: String, status: ComplaintStatus!, channel: Channel, receivedAt: DateTime!, dueAt: DateTime
    overdue: Boolean!, secret: Boolean!
    reporter: Person, agency: Agency, centralReport: CentralReport, payments: [Payment!]!
  }
  type Person { name: String, phone: String }
  type Agency { name: String!, head: Person, procurementOrders(first: Int = 20): OrderConnection! }
  type OrderConnection { edges: [OrderEdge!]! }
  type OrderEdge { node: ProcurementOrder! }
  type ProcurementOrder { orderId: String!, value: Money, status: String!, supplier: Supplier!, asOf: DateTime! }
  type Supplier { name: String! }
  type Money { amount: String!, currency: String! }
  type CentralReport { trackingId: String!, status: String!, disposition: String, asOf: DateTime! }
  type Payment {
    reference: String!, amount: Money, paidAt: DateTime!, merchant: String!, corridor: String, status: String!
    asOf: DateTime!
  }
  type System {
    name: String!, title: String!, state: String!, asOf: DateTime, downSince: DateTime, lagSeconds: Float
    recordCount: Int!, quarantinedCount: Int!
  }
`;

const READER = "u_bench_officer", CLIENT = "bench", MOST_COUNTED = 10_000;
const BEGINNING = ["9999-01-01T00:00:00Z", "4611686018427387904"];

const position = (cursor) => (cursor ? JSON.parse(Buffer.from(cursor, "base64url")).slice(1) : BEGINNING);
const cursor = ({ sort, id }) => Buffer.from(JSON.stringify(["RECEIVED_DESC", sort, id])).toString("base64url");
const money = ({ amount, currency }) => (amount === null ? null : { amount, currency: currency ?? "IDR" });

export const Query = {
  async complaints(_, { first, after, filter }) {
    const filtered = [filter.status[0], filter.channel[0]];
    const found = await rows("page", ...filtered, ...position(after), first + 1);
    const shown = found.slice(0, first);
    const pageInfo = { hasNextPage: found.length > first, endCursor: shown.length ? cursor(shown.at(-1)) : null };
    return { filtered, pageInfo, edges: shown.map((row) => ({ node: complaint(row) })) };
  },
  systems: async () => (await rows("systems")).map(system),
};

export const ComplaintConnection = {
  async totalCount({ filtered }) {
    const [{ n }] = await rows("count", ...filtered);
    return n <= MOST_COUNTED ? n : null;
  },
};

const complaint = (row) => ({
  id: row.id, agencyCode: row.agency_code, reporterId: row.reporter_id, ticket: row.ticket, title: row.title,
  status: row.status, channel: row.channel, receivedAt: row.received_at, dueAt: row.due_at, overdue: row.overdue,
  secret: row.secret,
});

const system = (row) => ({
  name: row.name, title: row.title, state: row.state, asOf: row.synced_at, downSince: row.down_since,
  lagSeconds: row.lag, recordCount: row.records, quarantinedCount: row.quarantined,
});

const payment = (row) => ({
  reference: row.reference, amount: money(row), paidAt: row.paid_at, merchant: row.merchant, corridor: row.corridor,
  status: row.status, asOf: row.as_of,
});

const order = (row) => ({
  node: {
    orderId: row.order_id, value: money(row), status: row.status, supplier: { name: row.supplier }, asOf: row.as_of,
  },
});

const report = (row) => ({
  trackingId: row.tracking_id, status: row.status, disposition: row.disposition, asOf: row.as_of,
});

const agency = (row) => ({
  code: row.code, name: row.name,
  head: row.head_name === null ? null : { name: row.head_name, phone: row.head_phone },
});

// The last of several rows of a key counts, as of the reports of a complaint.
const byKey = (found, column, shape) => new Map(found.map((row) => [row[column], shape(row)]));
const grouped = (found, column, shape) => {
  const groups = Map.groupBy ? Map.groupBy(found, (row) => row[column]) : groupedBefore21(found, column);
  return new Map([...groups].map(([key, group]) => [key, group.map(shape)]));
};
const groupedBefore21 = (found, column) => {
  const groups = new Map();
  for (const row of found) groups.set(row[column], [...(groups.get(row[column]) ?? []), row]);
  return groups;
};
const distinct = (values) => [...new Set(values.filter((value) => value !== null))];

// Each takes all complaints or agencies of a level, and returns what is linked, in their order.
export const batches = {
  async agency(complaints) {
    const found = byKey(await rows("agencies", distinct(complaints.map((one) => one.agencyCode))), "code", agency);
    return complaints.map((one) => found.get(one.agencyCode) ?? null);
  },
  async reporter(complaints) {
    const people = byKey(await rows("reporters", distinct(complaints.map((one) => one.reporterId))), "id", (row) => {
      const { name, phone } = decrypted(row.sealed, `reporters:${row.id}`);
      return { name, phone };
    });
    const read = complaints.filter((one) => people.has(one.reporterId));
    const [ids, tickets] = [read.map((one) => one.id), read.map((one) => one.ticket)];
    await rows("note_reads", ids, READER, CLIENT, randomUUID(), tickets);
    return complaints.map((one) => people.get(one.reporterId) ?? null);
  },
  async centralReport(complaints) {
    const found = byKey(await rows("reports", complaints.map((one) => one.id)), "complaint_id", report);
    return complaints.map((one) => found.get(one.id) ?? null);
  },
  async payments(complaints) {
    const found = grouped(await rows("payments", complaints.map((one) => one.id)), "complaint_id", payment);
    return complaints.map((one) => found.get(one.id) ?? []);
  },
  async procurementOrders(agencies, first) {
    const found = grouped(await rows("orders", distinct(agencies.map((one) => one.code)), first), "code", order);
    return agencies.map((one) => ({ edges: found.get(one.code) ?? [] }));
  },
};
