"""How tickets end, told as whole lives: a quiet one, silence, "no", a low rating, a second winter."""

from __future__ import annotations

from pathlib import Path

from bot.store.models import Survey, Ticket
from tests.lives import a_life, told

GREY = "The printer prints only grey."


def test_a_quiet_ticket_that_comes_on_friday_afternoon(tmp_path: Path) -> None:
    with a_life(tmp_path, "2026-02-27 16:40") as life:
        life.writes("ann", GREY)
        life.until("2026-03-02 09:20")
        life.writes("ben", "Did you change the toner?", to="new_ticket")
        life.until("2026-03-02 10:00")
        life.writes("ann", "No, I did not.", to="reply")
        life.until("2026-03-02 11:00")
        life.writes("ben", "#resolve New toner.", to="requester_wrote")
        life.until("2026-03-02 15:00")
        life.writes("ann", "yes, thanks!", to="resolved")
        life.until("2026-03-02 16:00")
        life.writes("ann", "5", to="survey")
        life.until("2026-04-02 16:00")
        assert [row.rating for row in life.desk.rows(Survey)] == [5]
        assert life.timeline() == told("""
            Fri 27 Feb 16:40  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 09:20  ben: Did you change the toner?  -> ann: reply
            Mon 02 Mar 10:00  ann: No, I did not.  -> ben: requester_wrote reference
            Mon 02 Mar 11:00  ben: #resolve New toner.  -> ann: resolved  -> ben: commands
            Mon 02 Mar 15:00  ann: yes, thanks!  -> ann: survey confirmed
            Mon 02 Mar 16:00  ann: 5
        """)


def test_silence_over_a_weekend_and_a_holiday(tmp_path: Path) -> None:
    """Friday to Friday, and the second of June is no working day."""
    with a_life(tmp_path, "2026-05-29 16:40") as life:
        life.writes("ann", GREY)
        life.until("2026-05-29 17:40")
        life.writes("ben", "#resolve", to="new_ticket")
        life.until("2026-08-29 12:00")
        assert [row.rating for row in life.desk.rows(Survey)] == [None]
        assert life.timeline() == told("""
            Fri 29 May 16:40  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Fri 29 May 17:40  ben: #resolve  -> ann: resolved  -> ben: commands
            Wed 03 Jun 17:40  -> ann: confirm_reminder
            Fri 05 Jun 17:40  -> ann: survey silence
        """)


def test_silence_over_the_liberation_day_which_is_a_saturday(tmp_path: Path) -> None:
    with a_life(tmp_path, "2026-04-22 10:40") as life:
        life.writes("ann", GREY)
        life.until("2026-04-22 11:20")
        life.writes("ben", "#resolve New toner.", to="new_ticket")
        life.until("2026-06-22 12:00")
        assert life.timeline() == told("""
            Wed 22 Apr 10:40  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Wed 22 Apr 11:20  ben: #resolve New toner.  -> ann: resolved  -> ben: commands
            Fri 24 Apr 11:20  -> ann: confirm_reminder
            Tue 28 Apr 11:20  -> ann: survey silence
        """)


def test_f13_reopened_twice_and_rated_once_at_the_true_end(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", GREY)
        life.until("2026-03-02 10:00")
        life.writes("ben", "#resolve New toner.", to="new_ticket")
        life.until("2026-03-02 11:00")
        life.writes("ann", "No, it still prints grey.", to="resolved")
        life.until("2026-03-03 11:00")
        life.writes("ben", "#resolve New drum.", to="requester_wrote")
        life.until("2026-03-04 11:00")
        life.taps("ann", "confirm", "no", text="Not yet.")
        life.until("2026-03-05 11:00")
        life.writes("ben", "#resolve New printer.", to="requester_wrote")
        life.until("2026-03-05 11:10")
        life.taps("ann", "confirm", "yes")
        life.taps("ann", "confirm", "yes")
        life.until("2026-03-25 12:00")
        assert life.timeline() == told("""
            Mon 02 Mar 09:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 10:00  ben: #resolve New toner.  -> ann: resolved  -> ben: commands
            Mon 02 Mar 11:00  ann: No, it still prints grey.  -> ben: requester_wrote not-fixed
            Mon 02 Mar 11:02  -> ann: progress reopened
            Tue 03 Mar 11:00  ben: #resolve New drum.  -> ann: resolved  -> ben: commands
            Wed 04 Mar 11:00  ann taps confirm no  -> ben: requester_wrote not-fixed
            Wed 04 Mar 11:02  -> ann: progress reopened
            Wed 04 Mar 15:00  -> ben: warning resolution 50
            Thu 05 Mar 11:00  ben: #resolve New printer.  -> ann: resolved  -> ben: commands
            Thu 05 Mar 11:10  ann taps confirm yes  -> ann: survey confirmed
            Thu 05 Mar 11:10  ann taps confirm yes
        """)


def test_a_low_rating_is_told_to_the_lead_and_opens_the_ticket_again(tmp_path: Path) -> None:
    """The second end is not rated: one question for each ticket."""
    with a_life(tmp_path) as life:
        life.writes("ann", GREY)
        life.until("2026-03-02 10:00")
        life.writes("ben", "#resolve New toner.", to="new_ticket")
        life.until("2026-03-02 11:00")
        life.writes("ann", "yes", to="resolved")
        life.until("2026-03-02 20:30")
        life.writes("ann", "1 nobody listens", to="survey")
        life.until("2026-03-03 09:00")
        life.taps("ann", "reopen")
        life.until("2026-03-03 12:00")
        life.writes("ben", "#resolve New printer.", to="requester_wrote")
        life.until("2026-03-03 12:30")
        life.taps("ann", "confirm", "yes")
        life.until("2026-03-20 12:00")
        assert life.timeline() == told("""
            Mon 02 Mar 09:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 10:00  ben: #resolve New toner.  -> ann: resolved  -> ben: commands
            Mon 02 Mar 11:00  ann: yes  -> ann: survey confirmed
            Mon 02 Mar 20:30  ann: 1 nobody listens  -> lea: low_rating 1  -> ann: sorry 1
            Tue 03 Mar 09:00  ann taps reopen  -> ben: requester_wrote not-fixed
            Tue 03 Mar 09:02  -> ann: progress reopened
            Tue 03 Mar 12:00  ben: #resolve New printer.  -> ann: resolved  -> ben: commands
            Tue 03 Mar 12:30  ann taps confirm yes
        """)


def test_what_was_merged_was_spam_or_closed_by_its_requester_is_not_rated(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", GREY, subject="Grey")
        life.writes("ann", "It is grey, I said.", subject="Still grey")
        life.writes("joe", "Buy pills", subject="Pills")
        life.writes("eve", "My mouse is gone.", subject="Mouse")
        life.until("2026-03-02 11:00")
        for number in (1, 2, 4):
            life.writes("ben", "I look at it.", subject=f"[HD-{number}] It")
        life.writes("ben", "#merge HD-1", subject="[HD-2] It")
        life.writes("ben", "#spam", subject="[HD-3] It")
        life.taps("eve", "close", ticket=4)
        life.until("2026-03-03 12:00")
        life.writes("ben", "#close", subject="[HD-1] It")
        life.until("2026-04-23 12:00")
        assert [row.closed_as for row in life.desk.rows(Ticket)] == ["agent", "merged", "spam", "self"]
        assert [row.ticket_id for row in life.desk.rows(Survey)] == [1]
        assert life.timeline() == told("""
            Mon 02 Mar 09:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 09:30  ann: It is grey, I said.  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 09:30  joe: Buy pills  -> joe: received  -> ben: new_ticket
            Mon 02 Mar 09:30  eve: My mouse is gone.  -> eve: received  -> ben: new_ticket
            Mon 02 Mar 11:00  ben: I look at it.  -> ann: reply
            Mon 02 Mar 11:00  ben: I look at it.  -> ann: reply
            Mon 02 Mar 11:00  ben: I look at it.  -> eve: reply
            Mon 02 Mar 11:00  ben: #merge HD-1  -> ben: commands
            Mon 02 Mar 11:00  ben: #spam  -> ben: commands
            Mon 02 Mar 11:00  eve taps close  -> ben: requester_wrote closed-by-requester
            Tue 03 Mar 12:00  ben: #close  -> ann: survey agent  -> ben: commands
        """)


def test_a_year_of_a_ticket_reopened_within_its_window_and_after_it(tmp_path: Path) -> None:
    """Twelve days after its end an answer opens it again; eleven months after, a new one that names it."""
    with a_life(tmp_path, "2026-01-07 09:30") as life:
        life.writes("ann", GREY)
        life.until("2026-01-07 10:10")
        life.writes("ben", "#resolve New toner.", to="new_ticket")
        life.until("2026-01-25 10:00")
        life.writes("ann", "It is grey again!", to="resolved")
        life.until("2026-01-26 10:10")
        life.writes("ben", "#resolve New drum.", to="requester_wrote")
        life.until("2026-12-30 10:10")
        life.writes("ann", "It is grey again!", to="resolved")
        assert life.last("ann", "received").notice.values["follows"] == "HD-1"
        life.until("2026-12-30 11:00")
        life.writes("ben", "#resolve A new printer.", to="new_ticket")
        life.until("2027-01-20 12:00")
        assert [row.state for row in life.desk.rows(Ticket)] == ["closed", "closed"]
        assert life.timeline() == told("""
            Wed 07 Jan 09:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Wed 07 Jan 10:10  ben: #resolve New toner.  -> ann: resolved  -> ben: commands
            Fri 09 Jan 10:10  -> ann: confirm_reminder
            Tue 13 Jan 10:10  -> ann: survey silence
            Sun 25 Jan 10:00  ann: It is grey again!  -> ben: requester_wrote reference
            Sun 25 Jan 10:02  -> ann: progress reopened
            Mon 26 Jan 10:10  ben: #resolve New drum.  -> ann: resolved  -> ben: commands
            Wed 28 Jan 10:10  -> ann: confirm_reminder
            Fri 30 Jan 10:10  -> ann: closed silence
            Wed 30 Dec 10:10  ann: It is grey again!  -> ann: received  -> ben: new_ticket
            Wed 30 Dec 11:00  ben: #resolve A new printer.  -> ann: resolved  -> ben: commands
            Mon 04 Jan 11:00  -> ann: confirm_reminder
            Thu 07 Jan 11:00  -> ann: survey silence
        """)
