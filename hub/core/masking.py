"""Personal data as pages and lists show it: enough to know somebody again, not enough to reach them."""


def name(text: str | None) -> str:
    """Return 李* for 李雷."""
    text = (text or "").strip()
    return f"{text[0]}*" if text else ""


def phone(text: str | None) -> str:
    """Return 138****1234 for +86 138 0000 1234; short numbers keep their last two digits."""
    digits = "".join(filter(str.isdigit, text or ""))
    if len(digits) > 11:
        digits = digits[-11:]
    if len(digits) < 8:
        return f"****{digits[-2:]}" if digits else ""
    return f"{digits[:3]}****{digits[-4:]}"


def email(text: str | None) -> str:
    """Return l***@example.com."""
    user, at, domain = (text or "").partition("@")
    return f"{user[:1]}***@{domain}" if at else ""


def serial(text: str) -> str:
    """Return SN…0001 for SN-20260001; of a short one the last two characters."""
    return f"{text[:2]}…{text[-4:]}" if len(text) >= 10 else f"…{text[-2:]}" if text else ""
