// What an application on Relay would ask: a list that goes on forward, and one that goes back.
import { graphql } from "relay-runtime";

export const forward = graphql`
  query queriesForwardQuery($first: Int!, $after: String) {
    complaints(first: $first, after: $after, filter: { status: [IN_PROGRESS], channel: [WHATSAPP] }, orderBy: RECEIVED_ASC)
      @connection(key: "Forward_complaints") {
      totalCount
      edges { node { ticket receivedAt agency { code name } } }
    }
  }`;

export const backward = graphql`
  query queriesBackwardQuery($last: Int!, $before: String) {
    complaints(last: $last, before: $before, filter: { status: [IN_PROGRESS], channel: [WHATSAPP] }, orderBy: RECEIVED_ASC)
      @connection(key: "Backward_complaints") {
      edges { node { ticket } }
    }
  }`;

export const one = graphql`
  query queriesNodeQuery($id: ID!) {
    node(id: $id) { __typename ...queries_complaint @alias(as: "complaint") }
  }`;

export const fragment = graphql`
  fragment queries_complaint on Complaint @argumentDefinitions(language: { type: "Language", defaultValue: EN }) {
    ticket
    statusLabel(language: $language)
    payments { reference amount { amount currency } }
  }`;
