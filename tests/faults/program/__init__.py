"""The program under test as the suite starts it: the real one, forked, with faults that can be armed from outside."""
