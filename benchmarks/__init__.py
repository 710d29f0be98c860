"""Side-by-side timings; the last line of each program is its ratio."""
