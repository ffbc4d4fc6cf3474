"""The contract between bench and hub: typed messages, their topics, and strict decoding.

Everything that crosses the broker is one of these types. ``records`` holds what a bench journals and sends up,
``control`` what travels the other way and the presence of a bench, ``topics`` the addresses, ``codec`` the bytes.
"""
