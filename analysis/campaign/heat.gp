# Which policy is best where?
#
# A field for each policy at each point of the design: the darker, the longer; the number is the length
# in minutes that nine in ten runs do not exceed. Called with the directory of settings.gp (points,
# policies, tics, plot_title) and data.txt, a CSV: point,policy,p90.

dir = ARG1
load dir.'/settings.gp'
width = 100 + 9 * label_room + 60 * (points < 40 ? points : 40)
width = width < 600 ? 600 : width
height = 90 + 18 * label_depth + 34 * policies
plot_name = 'heat'
load dir.'/terminal.gp'
set datafile separator ','
set xrange [-0.5:points - 0.5]
set yrange [policies - 0.5:-0.5]
set palette defined (0 '#f4f8fc', 1 '#7f9cc0')
set cblabel 'minutes' textcolor rgb '#333333'
set border 0
unset key
set title plot_title
set lmargin label_room
set bmargin label_depth

set style fill solid 1 border rgb '#ffffff'

plot dir.'/data.txt' every ::1 using 1:2:(0.5):(0.5):3 with boxxyerror linecolor palette, \
     '' every ::1 using 1:2:(points > 20 ? '' : valid(3) ? sprintf('%.0f', $3) : 'never') with labels
