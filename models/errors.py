"""The one family of errors that a user may see."""


class KinetraceError(Exception):
    """Something the user can put right.

    Args:
        problem: one sentence that names the value that is wrong.
        remedy: what would work; starts with a verb.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem.rstrip('.')}. {self.remedy[:1].upper()}{self.remedy[1:].rstrip('.')}."


class InputError(KinetraceError):
    """A file or a value that was handed in cannot be used."""


class ConfigError(KinetraceError):
    """A setting is unknown or impossible."""


class OutputError(KinetraceError):
    """Results cannot be written where they were asked for."""


class WeightsError(KinetraceError):
    """A file of weights or a body is missing, damaged or not the one that was promised."""


class ResourceError(KinetraceError):
    """The run would take more memory or time than there is, or than was allowed."""
