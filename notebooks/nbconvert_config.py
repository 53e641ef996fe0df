"""How nbconvert executes the notebooks: what a failing cell printed is passed on, which nbclient before 0.8 leaves out."""
import sys


def print_failure(cell, cell_index, execute_reply):
    printed = "".join(output.text for output in cell.outputs if output.get("name") == "stderr")
    print(f"<cell-failed>\n{printed}\n</cell-failed>", file=sys.stderr)


c.ExecutePreprocessor.on_cell_error = print_failure  # noqa: F821 (c is nbconvert's)
c.ExecutePreprocessor.record_timing = False
c.ExecutePreprocessor.timeout = None
