"""The commands: `python -m helpers COMMAND`. What goes wrong is said in one sentence, with exit status 2."""

import argparse
import errno
import os
import sys

from helpers.core import environment, project
from helpers.core.project import Problem, shown

if __name__ == "__main__":
    environment.begin_anew()

from helpers.fashion import fetch
from helpers.playground import cli

FOR_THE_USER = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG,
)  # fmt: skip
UNPRINTED = "The output cannot be written"


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m helpers", description="The doors of the neural-network assignment."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, call, words):
        added = commands.add_parser(name, help=words)
        added.set_defaults(call=call)
        return added.add_argument

    add = command("run", _run, "execute the chapters that need it, with papermill")
    add("notebooks", nargs="+", metavar="NOTEBOOK", help="such as 04_mlp or 4; 'all' for every chapter")
    add("--profile", help="report (default), train or smoke; the same as -p PROFILE")
    add("-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
        help="another value for a parameter; the run then has a folder of its own in outputs/runs/")  # fmt: skip
    add("--force", action="store_true", help="run what is up to date, too")
    add("--jobs", type=_count, default=2, help="how many chapters at a time (default: 2)")

    add = command("train", _train, "train the networks that are not stored yet; goes on where it was killed")
    add("names", nargs="*", metavar="NAME", help="such as cnn/v1, 'mlp/*', or a chapter: 04_mlp")
    add("--list", action="store_true", help="only say what is stored and what is not")

    add = command("search", _search, "search for a perceptron, alone or with other processes")
    add("method", metavar="METHOD", help="random or bayes")

    add = command("store", _store, "write executed outputs back into notebooks/")
    add("notebooks", nargs="*", metavar="NOTEBOOK", help="such as 04_mlp or 4 (default: all)")

    add = command("data", _data, "find or fetch Fashion-MNIST and verify it; or check the course's CSV files")
    add("csv", nargs="*", metavar="CSV", help="files in the course's format to check instead")

    add = command("gpu", _gpu, "have TensorFlow use the machine's NVIDIA GPU")
    add("--if-usable", action="store_true", help="go on with the processor if it does not")

    add = command("site", _site, "build the static site, and the PDF where Chromium is installed")
    add("--stored", action="store_true", help="from the outputs stored in notebooks/ instead of the last run's")
    add("--output", help="the folder to build into (default: outputs/site)")
    add("--if-changed", action="store_true", help="only if what it is made from has changed, or a file is gone")

    command("lab", _lab, "open JupyterLab on the notebooks")

    add = command("predict", _predict, "label the images of a CSV file: the assignment's submission")
    add("train", metavar="TRAIN.csv", help="labelled images in the course's format, plain, gz or zip")
    add("test", metavar="TEST.csv", help="images to be labelled, in the same format")
    add("--output", default="predictions.txt", metavar="FILE",
        help="for one label a line, in the order of the rows (default: predictions.txt)")  # fmt: skip
    help_words = "train from TRAIN.csv instead of loading the stored network"
    add("--train", action="store_true", dest="retrain", help=help_words)

    playground = commands.add_parser("playground", help="train what a TensorFlow Playground address describes")
    cli.add_arguments(playground)
    playground.set_defaults(call=cli.run)
    return parser


def _count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 on is needed, not {text!r}")
    return int(text)


def _run(arguments):
    from helpers.report import run

    given = dict(arguments.parameter)
    if arguments.profile is not None:
        given["PROFILE"] = arguments.profile
    return run.run(_chapters(arguments.notebooks), given, arguments.force, arguments.jobs)


def _chapters(named):
    from helpers.report import notebooks

    return notebooks.names() if named in ([], ["all"]) else named


def _train(arguments):
    from helpers.fashion import experiments
    from helpers.report import run

    chapters = [name for name in arguments.names if name[:1].isdigit()]
    networks = [name for name in arguments.names if name not in chapters]
    if chapters and arguments.list:
        raise Problem(f"--list tells of networks, and {chapters[0]} is a chapter: name networks, or none.")
    experiments.queue(networks)  # a name that fits none is told before the work
    status = run.run(chapters, {"PROFILE": "train"}, True, 1) if chapters else 0
    if not status and (networks or not chapters):
        for line in experiments.train_queue(networks, only_list=arguments.list):
            print(line, flush=True)
    return status


def _search(arguments):
    from helpers.fashion import tuning

    for line in tuning.search_alone_or_together(arguments.method):
        print(line)


def _store(arguments):
    from helpers.report import ledger, notebooks

    for name in _chapters(arguments.notebooks):
        print(f"stored {shown(notebooks.keep_outputs(notebooks.source_path(name).stem))}")
    ledger.write_readme()


def _data(arguments):
    from helpers.fashion import course_csv

    for path in arguments.csv:
        images, labels = course_csv.read_csv(path)
        print(
            f"{path}: {len(images):,} images, labels {labels.min()} to {labels.max()}, mean grey value {images.mean():.1f}"
        )
    if not arguments.csv:
        print(fetch.provide())


def _gpu(arguments):
    from helpers.core import gpu

    try:
        print(gpu.provide())
    except Problem as problem:
        if not arguments.if_usable:
            raise
        print(f"gpu: {problem} Going on with the processor.")


def _site(arguments):
    from helpers.report import site

    for line in site.build(arguments.stored, arguments.output, arguments.if_changed):
        print(line)


def _lab(_):
    os.chdir(project.ROOT)
    lab = ["jupyterlab", "--ServerApp.root_dir=.", "--LabApp.default_url=/lab/tree/notebooks"]
    lab += ["--allow-root"] if os.getuid() == 0 else []  # as in a container
    os.execv(sys.executable, [sys.executable, "-m", *lab])


def _predict(arguments):
    from helpers.fashion import predict

    print(predict.predict_file(arguments.train, arguments.test, arguments.output, retrain=arguments.retrain))


def main(argv=None):
    """Run a command. Returns its exit status: 0, or 2 after a Problem, which is printed as one sentence on stderr."""
    arguments = _parser().parse_args(argv)
    fetch.fix_folder()
    try:
        return arguments.call(arguments) or 0
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read what we print has heard enough
        return 1
    except OSError as error:
        if error.errno not in FOR_THE_USER:
            raise
        what = f"{shown(error.filename)} cannot be read or written" if error.filename else UNPRINTED
        print(f"error: {what} ({error.strerror}).", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        return 130


def _written(status):
    """The exit status, once all that was printed is written: to a reader who has had enough it need not be."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python tries again, and complains
        if not status and not isinstance(error, BrokenPipeError):
            print(f"error: {UNPRINTED} ({error.strerror}).", file=sys.stderr)
            return 2
    return status


if __name__ == "__main__":
    try:
        status = main()
    except SystemExit as left:  # by argparse, after help or a word on what is wrong
        status = left.code
    sys.exit(_written(status))
