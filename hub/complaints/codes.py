"""The codes of a complaint: channel, class, status. Values are interface; labels follow LaporGub (contract A.5)."""

from __future__ import annotations

from hub.kinds import Code


class Channel(Code):
    """Where a complaint came in."""

    WEB = "WEB", "Situs web", "Website", "The form on the website."
    MOBILE_APP = "MOBILE_APP", "Aplikasi seluler", "Mobile app", "The LaporGub app."
    HOTLINE = "HOTLINE", "Telepon", "Hotline", "A telephone call."
    SMS = "SMS", "SMS", "SMS", "A text message."
    WHATSAPP = "WHATSAPP", "WhatsApp", "WhatsApp", "A WhatsApp message."
    FACEBOOK = "FACEBOOK", "Facebook", "Facebook", "A Facebook message."
    INSTAGRAM = "INSTAGRAM", "Instagram", "Instagram", "An Instagram message."
    X = "X", "X", "X", "A message on X."
    YOUTUBE = "YOUTUBE", "YouTube", "YouTube", "A comment on YouTube."
    GOJEK = "GOJEK", "Gojek", "Gojek", "Submitted by Gojek for a rider."
    LAPOR = "LAPOR", "SP4N-LAPOR!", "SP4N-LAPOR!", "Passed on by the national service."


class ComplaintClass(Code):
    """What a complaint is; deadlines depend on it (contract A.2)."""

    COMPLAINT = "COMPLAINT", "Pengaduan", "Complaint", "Something is wrong."
    ASPIRATION = "ASPIRATION", "Aspirasi", "Aspiration", "A wish or a proposal."
    INFORMATION_REQUEST = "INFORMATION_REQUEST", "Permintaan informasi", "Information request", "A question."


class ComplaintStatus(Code):
    """Where a complaint stands."""

    RECEIVED = "RECEIVED", "Diterima", "Received", "It came in and waits to be verified."
    VERIFIED = "VERIFIED", "Diverifikasi", "Verified", "It is complete and fit; it waits for an agency."
    ASSIGNED = "ASSIGNED", "Didisposisi", "Assigned", "It was given to an agency."
    IN_PROGRESS = "IN_PROGRESS", "Dalam proses", "In progress", "The agency works on it."
    ANSWERED = "ANSWERED", "Dijawab", "Answered", "The agency answered; the reporter may reply or rate."
    CLOSED = "CLOSED", "Selesai", "Closed", "Finished."
    RETURNED = "RETURNED", "Dikembalikan", "Returned", "The reporter was asked for more; the clock stands still."
    REJECTED = "REJECTED", "Ditolak", "Rejected", "Not fit, not the province's authority, or spam."
