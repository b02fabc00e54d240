import pytest

# What several tests share asserts too: a failure there says what it saw.
pytest.register_assert_rewrite("tests.lab", "tests.operations", "tests.identity", "tests.facts")
