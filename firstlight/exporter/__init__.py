"""What a host says about itself: a program on the host that writes facts for node exporter.

It travels as one archive, so only the standard library may be imported, and Python 3.9 has to do.
"""
