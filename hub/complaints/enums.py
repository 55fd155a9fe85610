"""The enums of a complaint: channel, class and status. Values are public interface.

The labels follow LaporGub (contract reference-data#laporgub).
"""

from __future__ import annotations

from hub.kinds import Code


class Channel(Code):
    """The channel by which a complaint was submitted."""

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
    """The class of a complaint, on which its deadlines depend (contract reference-data#service-levels)."""

    COMPLAINT = "COMPLAINT", "Pengaduan", "Complaint", "A report that something is wrong."
    ASPIRATION = "ASPIRATION", "Aspirasi", "Aspiration", "A wish or a proposal."
    INFORMATION_REQUEST = "INFORMATION_REQUEST", "Permintaan informasi", "Information request", "A question."


class ComplaintStatus(Code):
    """The status of a complaint."""

    RECEIVED = "RECEIVED", "Diterima", "Received", "It was received and waits for verification."
    VERIFIED = "VERIFIED", "Diverifikasi", "Verified", "It is complete and valid; it waits to be assigned to an agency."
    ASSIGNED = "ASSIGNED", "Didisposisi", "Assigned", "It was assigned to an agency."
    IN_PROGRESS = "IN_PROGRESS", "Dalam proses", "In progress", "The agency works on it."
    ANSWERED = "ANSWERED", "Dijawab", "Answered", "The agency answered; the reporter may reply or rate."
    CLOSED = "CLOSED", "Selesai", "Closed", "It is finished."
    RETURNED = "RETURNED", "Dikembalikan", "Returned", "The reporter must add information; the clock is paused."
    REJECTED = "REJECTED", "Ditolak", "Rejected", "It is invalid, spam, or outside the province's authority."
