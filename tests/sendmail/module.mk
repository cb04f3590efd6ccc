EXTRA_DIST += tests/sendmail/test_sendmail.py
TESTS += tests/sendmail/test_sendmail.py
