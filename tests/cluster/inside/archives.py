"""Brings the archives of images into containerd, whose store outlives the node: each as often as it was made."""

import subprocess

from tests.cluster import settings


def load_images() -> None:
    """Imports what is not there yet, or was made anew since then. Raises CalledProcessError."""
    settings.LOADED.mkdir(parents=True, exist_ok=True)
    for made in sorted(settings.IMAGES.glob("*.id")):
        loaded = settings.LOADED / made.name
        image = made.read_text()
        if not loaded.exists() or loaded.read_text() != image:
            archive = made.with_suffix(".tar")
            subprocess.run(["ctr", "--namespace", "k8s.io", "images", "import", archive], check=True)
            loaded.write_text(image)


if __name__ == "__main__":
    load_images()
