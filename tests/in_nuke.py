"""The self-test from a shell: ``nuke -t tests/in_nuke.py [FOLDER]`` (add ``--nukex`` for CopyCat and Inference).

Runs the plugin beside this file, whatever is installed; prints the report and writes it into FOLDER, or into
``film_recovery_self_test`` in the home folder. Exit code: 0 as expected, 1 where a case differs or could not run,
3 where the self-test itself could not.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: "list[str]") -> int:
    import nuke

    sys.path.insert(0, str(ROOT / "python"))
    nuke.pluginAddPath(str(ROOT / "gizmos"), False)
    from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError
    from film_recovery.host.nuke import NukeHost
    from film_recovery.plugin import self_test
    from film_recovery.plugin.self_test_report import report_text

    try:
        report = self_test.run(NukeHost(), arguments[0] if arguments else "")
    except FilmRecoveryError as error:
        print(error)
        return error.exit_code
    print(report_text(report))
    return EXIT_DONE if report.passed else EXIT_CHECK_FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
