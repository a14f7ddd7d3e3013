def measure(folder, sizes):
    pass
