#!/usr/bin/python3
"""Makes the fixtures of TestForeignMetadata with Pillow and ExifTool.

Needs Pillow >= 9.4 and exiftool >= 12.5. Run it in this directory.
"""
import shutil
import subprocess

from PIL import Image, PngImagePlugin

SIZE = (6, 4)
RGB = Image.new("RGB", SIZE, (200, 120, 40))

TAGS = [
    "-IFD0:Artist=Anna Müller",
    "-IFD0:Copyright=© 2024 Anna Müller",
    "-IFD0:ModifyDate=2025:01:02 03:04:05",
    "-ExifIFD:DateTimeOriginal=2024:06:30 18:21:07",
    "-IFD0:XResolution=240",
    "-IFD0:YResolution=240",
    "-IFD0:ResolutionUnit=inches",
    "-IFD0:Orientation#=6",
    "-GPS:GPSLatitudeRef=S",
    "-GPS:GPSLatitude=33.8567844",
    "-GPS:GPSLongitudeRef=E",
    "-GPS:GPSLongitude=151.2152967",
    "-GPS:GPSAltitude=12.5",
    "-GPS:GPSImgDirection=271.5",
    "-GPS:GPSDateStamp=2024:06:30",
    "-ExifIFD:UserComment=not for the painting",
]


def tagged(path, *more):
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-charset", "UTF8", *TAGS, *more, path], check=True)


RGB.save("exif.jpg", quality=50)
tagged("exif.jpg", "-ExifByteOrder=MM", "-JFIF:all=")
RGB.save("exif.png")
tagged("exif.png", "-ExifByteOrder=MM")
RGB.save("exif.webp", lossless=True)
tagged("exif.webp", "-ExifByteOrder=II")
RGB.save("tags.tif")
tagged("tags.tif", "-IFD0:XResolution=120", "-IFD0:YResolution=120", "-IFD0:ResolutionUnit=cm")
for kind in "heic", "avif":
    shutil.copy(f"../heif/plain.{kind}", f"exif.{kind}")
    tagged(f"exif.{kind}")

RGB.save("jfif.jpg", quality=50)
subprocess.run(["exiftool", "-q", "-overwrite_original", "-JFIF:ResolutionUnit=cm", "-JFIF:XResolution=118", "-JFIF:YResolution=118", "jfif.jpg"], check=True)

text = PngImagePlugin.PngInfo()
text.add_text("Author", "Anna Müller")  # tEXt in Latin-1
text.add_itxt("Copyright", "© 2024 Anna Müller", lang="de", tkey="Urheberrecht", zip=True)
text.add_text("Creation Time", "Sun, 30 Jun 2024 18:21:07 +0200", zip=True)
RGB.save("text.png", pnginfo=text, dpi=(300, 300))
