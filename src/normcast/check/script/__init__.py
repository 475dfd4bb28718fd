"""Script: layers that Python source makes and loses, found in its text alone; nothing of it is run."""
