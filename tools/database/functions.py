"""The functions that a query may call; everything that is not here is refused.

A name is listed when it only computes from its arguments, in bounded memory.  Left out on purpose: everything
that reads files, settings, other databases or the catalogue, that sleeps, locks or signals, and makers of large
values (randomblob, zeroblob, repeat, generate_series).
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SQLITE_FUNCTIONS = _names(
    """abs acos asin atan atan2 avg ceil ceiling coalesce cos count cume_dist current_date current_time
    current_timestamp date datetime degrees dense_rank exp first_value floor format glob group_concat ifnull iif
    instr julianday lag last_value lead length like likely ln log log10 log2 lower ltrim max min mod nth_value ntile
    nullif percent_rank pi pow power printf radians rank replace round row_number rtrim sign sin sqrt strftime substr
    substring sum tan time total trim trunc typeof unicode unixepoch unlikely upper"""
)
"""SQLite's own names, lower case, as its authorizer reports them."""

POSTGRES_FUNCTIONS = _names(
    """abs acos age any_value array_agg asin atan atan2 avg bool_and bool_or btrim cast ceil ceiling char_length
    character_length chr coalesce concat concat_ws corr cos count covar_pop covar_samp cume_dist current_date
    current_time current_timestamp date date_part date_trunc degrees dense_rank div every exp extract first_value
    floor greatest initcap lag last_value lead least left length ln localtime localtimestamp log log10 lower
    lpad ltrim make_date make_timestamp max min mod mode now nth_value ntile nullif percent_rank percentile_cont
    percentile_disc pi position pow power radians rank regexp_replace replace reverse right round row_number rpad
    rtrim sign sin split_part sqrt stddev stddev_pop stddev_samp strpos string_agg substr substring sum tan to_char
    to_date to_number to_timestamp translate trim trunc upper var_pop var_samp variance width_bucket"""
)
"""PostgreSQL's names, lower case."""

FUNCTIONS = {"sqlite": SQLITE_FUNCTIONS, "postgres": POSTGRES_FUNCTIONS}
