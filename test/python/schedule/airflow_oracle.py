"""Answers with Airflow's own timetable classes. Reads one JSON list of cases on stdin, writes one JSON list of answers.

A case is {cron | everySeconds, zone, intervals, windows: [[from, to]], latest: [{now, start, last}]}; times are epoch seconds.
Its answer is {windows: [[[logical, start, end, runAfter], ...]], latest: [[logical, ...] | null]}; where Airflow itself raises,
the window's list ends with the text of its error, and so does "latest".
"""

import datetime
import json
import sys

import pendulum
from airflow.timetables import interval, trigger
from airflow.timetables.base import DataInterval, TimeRestriction

# A moment that stands still: the timetables ask it for "now" when catchup is off.
NOW = [None]
for module in (interval, trigger):
    if hasattr(module, "utcnow"):
        module.utcnow = lambda: NOW[0]


def at(seconds):
    return pendulum.from_timestamp(seconds)


def timetable(case):
    if "everySeconds" in case:
        delta = datetime.timedelta(seconds=case["everySeconds"])
        return (interval.DeltaDataIntervalTimetable if case["intervals"] else trigger.DeltaTriggerTimetable)(delta)
    if case["intervals"]:
        return interval.CronDataIntervalTimetable(case["cron"], case["zone"])
    return trigger.CronTriggerTimetable(case["cron"], timezone=case["zone"])


def info_row(info):
    moments = (info.logical_date, info.data_interval.start, info.data_interval.end, info.run_after)
    return [int(moment.timestamp()) for moment in moments]


def walk(table, window):
    restriction = TimeRestriction(at(window[0]), at(window[1]), True)
    rows, last = [], None
    while True:
        try:
            info = table.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        except (AssertionError, ValueError) as error:
            return rows + [str(error)]
        if info is None:
            return rows
        rows.append(info_row(info))
        last = info.data_interval


def latest(table, question):
    NOW[0] = at(question["now"])
    last = question["last"]
    seen = None if last is None else DataInterval(at(last[0]), at(last[1]))
    restriction = TimeRestriction(at(question["start"]), None, False)
    try:
        info = table.next_dagrun_info(last_automated_data_interval=seen, restriction=restriction)
    except (AssertionError, ValueError) as error:
        return str(error)
    return None if info is None else info_row(info)


def answer(case):
    table = timetable(case)
    return {
        "windows": [walk(table, window) for window in case["windows"]],
        "latest": [latest(table, question) for question in case["latest"]],
    }


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
