"""CAN frames made bit by bit by the text of the specification, to be sampled at any rate."""


def remainder(bits):
    """The checksum as the remainder of a division of polynomials."""
    value = int("".join(map(str, bits)), 2) << 15
    while value >> 15:
        value ^= 0xC599 << (value.bit_length() - 16)
    return value


def binary(value, count):
    return [int(digit) for digit in format(value, f"0{count}b")] if count else []


def stuffed(bits):
    line = []
    for bit in bits:
        line.append(bit)
        if len(line) >= 5 and len(set(line[-5:])) == 1 and not stuffed_lately(line):
            line.append(1 - bit)
    return line


def stuffed_lately(line):
    """Five equal bits count from the last change on, so a run of five is one exactly when the sixth differs."""
    return len(line) > 5 and line[-6] == line[-1]


def frame_bits(identifier, data, *, extended=False, remote=False, length_code=None, acknowledged=True, wrong_crc=0):
    """From the start bit to the end of the intermission; 0 is dominant."""
    code = len(data) if length_code is None else length_code
    if extended:
        head = [0, *binary(identifier >> 18, 11), 1, 1, *binary(identifier & 0x3FFFF, 18), int(remote), 0, 0]
    else:
        head = [0, *binary(identifier, 11), int(remote), 0, 0]
    body = head + binary(code, 4) + [bit for octet in data for bit in binary(octet, 8)]
    coded = stuffed(body + binary(remainder(body) ^ wrong_crc, 15))
    return coded + [1, 0 if acknowledged else 1, 1] + [1] * 7 + [1] * 3


def line_of(frames, bit_rate, *, lead=12, tail=12):
    """Intervals of bits on a bus that is idle before and after."""
    return [(1 / bit_rate, (bit,)) for bit in [1] * lead + [bit for bits in frames for bit in bits] + [1] * tail]
