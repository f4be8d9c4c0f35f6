"""The sources of the demo's project: honest work of about a second, with a right answer."""

from __future__ import annotations

_MAKEFILE = """\
CC = cc
CFLAGS = -O2 -Wall

all: check
\t./check

check: check.o primes.o chains.o
\t$(CC) -o check check.o primes.o chains.o
"""

_PRIMES_C = """\
long primes_below(long limit) {
    long found = 0;
    for (long number = 2; number < limit; number++) {
        long divisor = 2;
        while (divisor * divisor <= number && number % divisor != 0)
            divisor++;
        found += divisor * divisor > number;
    }
    return found;
}
"""

_CHAINS_C = """\
static long length(long long number) {
    long steps = 1;
    for (; number != 1; steps++)
        number = number % 2 ? 3 * number + 1 : number / 2;
    return steps;
}

long longest_chain_below(long limit) {
    long best = 1, best_length = 1;
    for (long start = 2; start < limit; start++) {
        long found = length(start);
        if (found > best_length)
            best = start, best_length = found;
    }
    return best;
}
"""

_CHECK_C = """\
#include <stdio.h>

long primes_below(long limit);
long longest_chain_below(long limit);

static int right(const char *what, long found, long expected) {
    printf("%s: %ld, %s\\n", what, found, found == expected ? "right" : "WRONG");
    fflush(stdout);
    return found == expected;
}

int main(void) {
    int sum = right("primes below 2000000", primes_below(2000000), 148933);
    sum += right("longest chain below 3000000", longest_chain_below(3000000), 2298025);
    printf("%d of 2 right\\n", sum);
    return sum == 2 ? 0 : 1;
}
"""

C_SOURCES = {
    "Makefile": _MAKEFILE,
    "primes.c": _PRIMES_C,
    "chains.c": _CHAINS_C,
    "check.c": _CHECK_C,
}

_SEQUENCES_PY = """\
def primes_below(limit):
    prime = bytearray([1]) * limit
    prime[:2] = bytes(2)
    for number in range(2, int(limit**0.5) + 1):
        if prime[number]:
            prime[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return sum(prime)


def length(number):
    steps = 1
    while number != 1:
        number = 3 * number + 1 if number % 2 else number // 2
        steps += 1
    return steps


def longest_chain_below(limit):
    return max(range(1, limit), key=length)
"""

_TEST_PY = """\
import unittest

from sequences import longest_chain_below, primes_below


class Sequences(unittest.TestCase):
    def test_primes(self):
        self.assertEqual(primes_below(2_000_000), 148_933)

    def test_chains(self):
        self.assertEqual(longest_chain_below(150_000), 142_587)
"""

PYTHON_SOURCES = {"sequences.py": _SEQUENCES_PY, "test_sequences.py": _TEST_PY}
