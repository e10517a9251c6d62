"""Lives against the clock: nobody answers, a ticket waits, a priority changes, it is night somewhere."""

from __future__ import annotations

from pathlib import Path

from tests.lives import Life, a_life, told

GREY = "The printer prints only grey."


def dues(life: Life) -> str:
    """By when the ticket is to be solved, and what its requester expects, on the desk's wall."""
    ticket = life.ticket()
    return " ".join(
        f"{moment.astimezone(life.zone):%d.%m. %H:%M}"
        for moment in (ticket.resolution_due, ticket.promised_at)
    )


def test_nobody_answers(tmp_path: Path) -> None:
    """Warnings, the delay told before the promise breaks, the breach and its apology, up to the lead, who hears
    it once more; then only the honest line and the question to the team, once in two days."""
    with a_life(tmp_path) as life:
        life.writes("ann", GREY)
        life.until("2026-03-17 12:00")
        assert life.ticket().queue == "second-line"
        assert life.timeline() == told("""
            Mon 02 Mar 09:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 11:30  -> ben: warning first-response 50
            Mon 02 Mar 12:30  -> ben: warning first-response 75
            Mon 02 Mar 13:06  -> ann: delayed first-response
            Mon 02 Mar 13:30  -> ann: late first-response  -> lea: breached first-response Second line
                              -> sue: breached first-response Second line
            Tue 03 Mar 13:30  -> lea: breached first-response Second line
            Tue 03 Mar 14:00  -> sue: warning resolution 50
            Wed 04 Mar 09:54  -> sue: update_due
            Wed 04 Mar 11:45  -> sue: warning resolution 75
            Wed 04 Mar 13:30  -> lea: breached first-response Second line  -> ann: still_open
            Wed 04 Mar 15:48  -> ann: delayed resolution
            Thu 05 Mar 09:30  -> ann: late resolution  -> lea: breached resolution Second line
            Fri 06 Mar 14:54  -> sue: update_due
            Mon 09 Mar 09:30  -> ann: still_open
            Tue 10 Mar 14:54  -> sue: update_due
            Wed 11 Mar 09:30  -> ann: still_open
            Thu 12 Mar 14:54  -> sue: update_due
            Fri 13 Mar 09:30  -> ann: still_open
            Mon 16 Mar 14:54  -> sue: update_due
            Tue 17 Mar 09:30  -> ann: still_open
        """)


def test_two_weeks_of_waiting_for_the_requester_over_the_change_to_summer_time(tmp_path: Path) -> None:
    """Half an hour of 27 was over: the other 26:30 begin with the answer, and Easter Monday is no working day."""
    with a_life(tmp_path, "2026-03-19 09:30") as life:
        life.writes("ann", GREY)
        life.until("2026-03-19 10:00")
        assert dues(life) == "24.03. 09:30 19.03. 13:30"
        life.writes("ben", "#update need Which room is it?", to="new_ticket")
        life.until("2026-04-02 10:00")
        life.writes("ann", "Room 12.", to="progress")
        assert dues(life) == "08.04. 09:30 08.04. 09:30"
        life.until("2026-04-08 12:00")
        assert life.timeline() == told("""
            Thu 19 Mar 09:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Thu 19 Mar 10:00  ben: #update need Which room is it?  -> ann: progress waiting-requester
                              -> ben: commands
            Thu 02 Apr 10:00  ann: Room 12.  -> ben: requester_wrote reference
            Fri 03 Apr 14:00  -> ben: warning resolution 50
            Fri 03 Apr 15:24  -> ben: update_due
            Tue 07 Apr 10:00  -> ann: still_open
            Tue 07 Apr 11:45  -> ben: warning resolution 75
            Tue 07 Apr 15:48  -> ann: delayed resolution
            Wed 08 Apr 09:30  -> ann: late resolution  -> ben: breached resolution Second line
                              -> lea: breached resolution Second line
                              -> sue: breached resolution Second line
        """)


def test_two_weeks_of_waiting_for_the_requester_over_the_change_to_winter_time(tmp_path: Path) -> None:
    with a_life(tmp_path, "2026-10-19 09:30") as life:
        life.writes("ann", GREY)
        life.until("2026-10-19 10:00")
        life.writes("ben", "#wait requester\n\nWhich room is it?", to="new_ticket")
        life.until("2026-11-02 10:00")
        life.writes("ann", "Room 12.", to="reply")
        assert dues(life) == "05.11. 09:30 05.11. 09:30"
        life.until("2026-11-05 09:00")
        life.writes("ben", "#resolve", to="update_due")
        life.until("2026-11-16 12:00")
        assert life.timeline() == told("""
            Mon 19 Oct 09:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Mon 19 Oct 10:00  ben: #wait requester / Which room is it?  -> ann: reply  -> ben: commands
            Mon 02 Nov 10:00  ann: Room 12.  -> ben: requester_wrote reference
            Tue 03 Nov 14:00  -> ben: warning resolution 50
            Tue 03 Nov 15:24  -> ben: update_due
            Wed 04 Nov 10:00  -> ann: still_open
            Wed 04 Nov 11:45  -> ben: warning resolution 75
            Wed 04 Nov 15:48  -> ann: delayed resolution
            Thu 05 Nov 09:00  ben: #resolve  -> ann: resolved  -> ben: commands
            Mon 09 Nov 09:00  -> ann: confirm_reminder
            Wed 11 Nov 09:00  -> ann: survey silence
        """)


def test_while_it_waits_for_a_supplier_the_requester_goes_on_hearing_of_it(tmp_path: Path) -> None:
    with a_life(tmp_path) as life:
        life.writes("ann", GREY)
        life.until("2026-03-02 10:00")
        life.writes("ben", "#wait supplier", to="new_ticket")
        life.until("2026-03-05 15:00")
        life.taps("ben", "update", "fix", at="2026-03-10 15:00")
        life.until("2026-03-13 12:00")
        life.writes("ben", "#resolve The part is in.", to="update_due")
        life.until("2026-03-25 12:00")
        assert life.timeline() == told("""
            Mon 02 Mar 09:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 10:00  ben: #wait supplier  -> ben: commands
            Mon 02 Mar 10:02  -> ann: progress waiting-supplier
            Tue 03 Mar 15:24  -> ben: update_due
            Wed 04 Mar 10:00  -> ann: still_open
            Thu 05 Mar 15:00  ben taps update fix
            Thu 05 Mar 15:02  -> ann: progress fix-expected
            Mon 09 Mar 11:24  -> ben: update_due
            Mon 09 Mar 15:00  -> ann: still_open
            Tue 10 Mar 15:00  -> ben: update_due
            Wed 11 Mar 15:00  -> ann: still_open
            Fri 13 Mar 11:24  -> ben: update_due
            Fri 13 Mar 12:00  ben: #resolve The part is in.  -> ann: resolved  -> ben: commands
            Tue 17 Mar 12:00  -> ann: confirm_reminder
            Thu 19 Mar 12:00  -> ann: survey silence
        """)


def test_a_priority_is_raised_in_the_middle_and_the_pause_is_kept(tmp_path: Path) -> None:
    """A day's pause counts for the four hours of P1 as for the 27 of P3, and its words come at night."""
    with a_life(tmp_path) as life:
        life.writes("ann", GREY)
        life.until("2026-03-02 10:00")
        life.writes("ben", "#update need Which room is it?", to="new_ticket")
        life.until("2026-03-03 19:30")
        life.writes("ann", "Room 12. It smokes!", to="progress")
        life.writes("ben", "#priority P1", to="requester_wrote")
        assert dues(life) == "03.03. 23:00 06.03. 17:30"
        life.until("2026-03-04 00:30")
        life.writes("ben", "#resolve The fuser.", subject="[HD-1] Printer")
        life.until("2026-03-04 00:40")
        life.writes("ann", "it works", to="resolved")
        life.until("2026-03-14 12:00")
        assert life.timeline() == told("""
            Mon 02 Mar 09:30  ann: The printer prints only grey.  -> ann: received  -> ben: new_ticket
            Mon 02 Mar 10:00  ben: #update need Which room is it?  -> ann: progress waiting-requester
                              -> ben: commands
            Tue 03 Mar 19:30  ann: Room 12. It smokes!  -> ben: requester_wrote reference
            Tue 03 Mar 19:30  ben: #priority P1  -> ben: commands  -> ann: still_open
            Tue 03 Mar 20:18  -> ben: update_due
            Tue 03 Mar 20:30  -> ann: still_open
            Tue 03 Mar 21:00  -> ben: warning resolution 50
            Tue 03 Mar 21:18  -> ben: update_due
            Tue 03 Mar 21:30  -> ann: still_open
            Tue 03 Mar 22:00  -> ben: warning resolution 75
            Tue 03 Mar 22:18  -> ben: update_due
            Tue 03 Mar 22:30  -> ann: still_open
            Tue 03 Mar 23:00  -> ben: breached resolution Second line
                              -> lea: breached resolution Second line
                              -> sue: breached resolution Second line
            Tue 03 Mar 23:18  -> ben: update_due
            Tue 03 Mar 23:30  -> ben: breached resolution Second line
                              -> lea: breached resolution Second line  -> ann: still_open
            Wed 04 Mar 00:00  -> ben: breached resolution Second line
                              -> lea: breached resolution Second line
            Wed 04 Mar 00:18  -> ben: update_due
            Wed 04 Mar 00:30  -> ann: still_open
            Wed 04 Mar 00:30  ben: #resolve The fuser.  -> ann: resolved  -> ben: commands
            Wed 04 Mar 00:40  ann: it works  -> ann: survey confirmed
        """)


def test_at_night_a_p3_says_nothing_where_its_requester_lives(tmp_path: Path) -> None:
    """When Wei is taken care of at 17:32 it is half past midnight in Shanghai, so she reads it at eight there; Joe,
    who asked at half past three in the night, has his apology at eight in New York. Only that it takes longer
    is told him at seven: the promise ends before his morning."""
    with a_life(tmp_path, "2026-03-02 09:30") as life:
        life.lives_in("wei", "Asia/Shanghai")
        life.writes("wei", GREY)
        life.lives_in("joe", "America/New_York")
        life.writes("joe", GREY)
        life.until("2026-03-02 17:30")
        life.writes("ben", "#take", subject="[HD-1] Printer")
        life.writes("ben", "#take", subject="[HD-2] Printer")
        life.until("2026-03-03 09:10")
        life.writes("ben", "#resolve", subject="[HD-1] Printer")
        life.writes("ben", "#resolve", subject="[HD-2] Printer")
        life.until("2026-03-10 12:00")
        assert life.timeline() == told("""
            Mon 02 Mar 09:30  wei: The printer prints only grey.  -> wei: received  -> ben: new_ticket
            Mon 02 Mar 09:30  joe: The printer prints only grey.  -> joe: received  -> ben: new_ticket
            Mon 02 Mar 11:30  -> ben: warning first-response 50  -> ben: warning first-response 50
            Mon 02 Mar 12:30  -> ben: warning first-response 75  -> ben: warning first-response 75
            Mon 02 Mar 13:06  -> wei: delayed first-response  -> joe: delayed first-response
            Mon 02 Mar 13:30  -> wei: late first-response  -> lea: breached first-response Second line
                              -> sue: breached first-response Second line
            Mon 02 Mar 13:35  -> lea: breaches  -> sue: breaches
            Mon 02 Mar 14:00  -> joe: late first-response
            Mon 02 Mar 17:30  ben: #take  -> ben: commands
            Mon 02 Mar 17:30  ben: #take  -> ben: commands
            Mon 02 Mar 17:32  -> joe: progress taken
            Tue 03 Mar 01:00  -> wei: progress taken
            Tue 03 Mar 09:10  ben: #resolve  -> wei: resolved  -> ben: commands
            Tue 03 Mar 09:10  ben: #resolve  -> ben: commands
            Tue 03 Mar 14:00  -> joe: resolved
            Thu 05 Mar 09:10  -> wei: confirm_reminder
            Thu 05 Mar 14:00  -> joe: confirm_reminder
            Mon 09 Mar 09:10  -> wei: survey silence
            Mon 09 Mar 13:00  -> joe: survey silence
        """)


def test_a_rate_at_night_waits_for_the_morning_of_its_reader(tmp_path: Path) -> None:
    """Closed at 17:50 in Rome, which is 00:50 in Shanghai: the question comes at eight there."""
    with a_life(tmp_path) as life:
        life.lives_in("wei", "Asia/Shanghai")
        life.writes("wei", GREY)
        life.until("2026-03-02 17:50")
        life.writes("ben", "#resolve New toner.\n#close", to="new_ticket")
        life.until("2026-03-05 12:00")
        assert life.timeline() == told("""
            Mon 02 Mar 09:30  wei: The printer prints only grey.  -> wei: received  -> ben: new_ticket
            Mon 02 Mar 11:30  -> ben: warning first-response 50
            Mon 02 Mar 12:30  -> ben: warning first-response 75
            Mon 02 Mar 13:06  -> wei: delayed first-response
            Mon 02 Mar 13:30  -> wei: late first-response  -> lea: breached first-response Second line
                              -> sue: breached first-response Second line
            Mon 02 Mar 17:50  ben: #resolve New toner. / #close  -> wei: resolved  -> ben: commands
            Tue 03 Mar 01:00  -> wei: survey agent
        """)
