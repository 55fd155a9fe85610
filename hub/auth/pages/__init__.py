"""The pages where people sign in, consent, and take consent back: rendered here, in two languages, without scripts."""
