"""The part of ``Simulator`` that shows and drives feeds, reports and their documents."""

from dataclasses import replace
from typing import Any

from . import documents, feeds, jobs, reports
from .running import Running
from .world import Job, Seller


class Processing(Running):
    """Feeds and reports as they are now; and what a test wants of them at once."""

    def feeds(self, seller: Seller | str | None = None) -> list[Job]:
        """The feeds of one seller, or of all, in the order of their making."""
        return self._jobs("feed", seller)

    def reports(self, seller: Seller | str | None = None) -> list[Job]:
        """The reports of one seller, or of all, in the order of their making."""
        return self._jobs("report", seller)

    def _jobs(self, kind: str, seller: Seller | str | None) -> list[Job]:
        with self._world.lock:
            self._catch_up()
            owner = self._world.seller(seller).seller_id if seller else None
            return [
                replace(job)
                for job in self._world.jobs.values()
                if job.kind == kind and owner in (None, job.seller_id)
            ]

    def feed(self, feed_id: str) -> Job:
        """One feed, as it is now."""
        return self._job("feed", feed_id)

    def report(self, report_id: str) -> Job:
        """One report, as it is now."""
        return self._job("report", report_id)

    def _job(self, kind: str, job_id: str) -> Job:
        with self._world.lock:
            self._catch_up()
            job = self._world.jobs[job_id]
            if job.kind != kind:
                raise KeyError(f"{job_id} is no {kind}, but a {job.kind}.")
            return replace(job)

    def set_job(self, job_id: str, **changes: Any) -> None:
        """Overwrite fields of a feed or a report, such as ``status``."""
        with self._world.lock:
            job = replace(self._world.jobs[job_id], **changes)
            self._world.jobs[job_id] = job
            if job.kind == "feed":  # one that is no longer under way lets the next one start
                feeds.feed_starts(self._world, job.seller_id)
            self._world.changes += 1

    def finish_feeds(self) -> None:
        """Every feed that waits or is worked on ends now; one that was stuck ends well."""
        with self._world.lock:
            self._catch_up()
            for job in self._open("feed"):
                job.ready = self._world.now()
            while open_ := self._open("feed"):
                feeds.feed_starts(self._world, open_[0].seller_id)
                feeds.feed_is_read(self._world, open_[0].job_id)
                self._catch_up()
            self._world.changes += 1

    def finish_reports(self) -> None:
        """Every report that waits or is worked on ends now; one that was stuck ends well."""
        with self._world.lock:
            self._catch_up()
            for job in self._open("report"):
                reports.report_starts(self._world, job.job_id)
                reports.report_ends(self._world, job.job_id)
            self._world.changes += 1

    def _open(self, kind: str) -> list[Job]:
        return [
            job
            for job in self._world.jobs.values()
            if job.kind == kind and job.status not in jobs.ENDED
        ]

    def document(self, document_id: str) -> bytes:
        """What a document holds, unpacked."""
        with self._world.lock:
            return documents.content_of(self._world.documents[document_id])

    def set_document(
        self,
        document_id: str,
        content: bytes,
        *,
        content_type: str | None = None,
        gzipped: bool = False,
    ) -> None:
        """Have a document hold something else.

        ``gzipped``: ``content`` is downloaded byte for byte and called GZIP, whatever it is.
        """
        with self._world.lock:
            document = self._world.documents[document_id]
            document.packed = content if gzipped else documents.packed(content)
            document.gzipped = gzipped
            document.content_type = content_type or document.content_type
            self._world.changes += 1
