#!/bin/sh
# A clock that a test sets, instead of `date`: every second answer is `level` nanoseconds later than the
# one before it, with a little scatter that is the same every time.
#   level                    a file in the current directory, so that a commit has one
#   CLOCK_PERCENT            how much of it counts
#   CLOCK_SCATTER            how many times wilder the scatter is
# Whole seconds and whole percents are meant, and a level is read twice, never written.
# shellcheck disable=SC2017,SC2094
set -e
file="$GATE_BUILD_CACHE/clock"
calls=0
[ ! -e "$file" ] || read -r calls < "$file"
echo $((calls + 1)) > "$file"
start=$((1700000000000000000 + calls / 2 * 1000000000))
if [ $((calls % 2)) = 0 ]; then
    echo "$start"
    exit
fi
read -r level < level
# Eleven of them: no number of scenarios or sides shares a factor with that.
set -- 0 4 -6 9 -3 2 -5 7 1 -8 3
shift $((calls / 2 % 11))
scatter=$(($1 * ${CLOCK_SCATTER:-1}))
echo $((start + level * ${CLOCK_PERCENT:-100} / 100 * (1000 + scatter) / 1000))
