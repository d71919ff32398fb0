"""How findings are told."""


def outcome(call):
    """What a call returns, or the kind of error that it raises."""
    try:
        return call()
    except Exception as error:
        return {"raised": type(error).__name__}
